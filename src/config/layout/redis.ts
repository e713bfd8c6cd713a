import type { Struct } from '../layout.ts'
import { duration, flag, path, struct, text, texts, whole } from './build.ts'

const introduction = `
A Redis that replicas share as a cache, with \`storage.cache.blobdescriptor: redis\`. Version 2 names one server in \`addr\`, version 3
one or several in \`addrs\`; either is understood here. Variables of version 3 may, but need not, have \`OPTIONS\` in their name:
\`REGISTRY_REDIS_OPTIONS_ADDRS\`.

It is only ever a cache: while it is away, slow, full or wrong, the registry goes on as without it. What it is good for: deletions
are told to all replicas at once, and what one replica has read or seen the others need not ask the store for. So that they believe each other, give
them the same \`http.secret\`. Its user needs the commands \`SET\`, \`DEL\`, \`GETRANGE\`, \`PUBLISH\`, \`SUBSCRIBE\` and \`PING\`, the
keys \`berth:*\` and the channels \`berth:*\`; with \`db\` also \`SELECT\`, with \`clientname\` also \`CLIENT|SETNAME\`, and in a
cluster also \`CLUSTER|SLOTS\` and \`ASKING\`. The user at the Sentinels needs \`SENTINEL\`, \`SUBSCRIBE\`, \`PSUBSCRIBE\` and \`PING\`, and all channels there.
Distribution's own keys are neither read nor written.

There is one connection for all commands and one to listen, instead of a pool; keys that speak of a pool have no effect.`

const v3 = { since: '3' } as const
const v2 = { since: '2 only' } as const

const noPool = 'No effect: there is no pool.'
const oneServer =
  'No effect: a replica of Redis may not know yet what was deleted, so the master alone is asked.'

export const redis: Struct = struct(
  'A shared cache.',
  {
    addr: text('The server.', { ...v2, replacedBy: 'redis.addrs' }, 'host:port'),
    addrs: texts(
      'The servers: one; several nodes of a cluster; or, with `mastername`, one or several Sentinels. One alone may be the path of a unix socket.',
      v3,
      'host:port',
    ),
    mastername: text('The name of the master that the Sentinels watch.', v3),
    clientname: text('How the registry names its connections.', v3),
    protocol: whole('The version of the protocol, 2 or 3. Nothing depends on it.', { ...v3, default: 2 }),
    username: text('The user to log in as.', v3),
    password: text('Their password.'),
    sentinelusername: text('The user at the Sentinels.', v3),
    sentinelpassword: text('Their password.', v3),
    db: whole('The number of the database. A cluster has one alone.', { default: 0 }),
    dialtimeout: duration('How long a connection may take.', { default: '5s' }),
    readtimeout: duration('How long an answer may take: 100 ms at most, whatever is said here.', {
      default: '3s',
    }),
    writetimeout: duration('How long a command may take. The shorter of the two counts.', { default: '3s' }),
    contexttimeoutenabled: flag('No effect: no request waits longer than for `readtimeout`.', v3),
    maxretries: whole('No effect: what cannot be answered at once is asked of the store.', v3),
    minretrybackoff: duration('The shortest wait before a connection that was lost is tried again.', {
      ...v3,
      default: '100ms',
    }),
    maxretrybackoff: duration('The longest wait before.', { ...v3, default: '5s' }),
    pool: struct(
      'The connections.',
      {
        maxidle: whole(noPool, { replacedBy: 'redis.maxidleconns' }),
        maxactive: whole(noPool, { replacedBy: 'redis.poolsize' }),
        idletimeout: duration(noPool, { replacedBy: 'redis.connmaxidletime' }),
      },
      v2,
    ),
    poolfifo: flag(noPool, v3),
    poolsize: whole(noPool, v3),
    pooltimeout: duration(noPool, v3),
    minidleconns: whole(noPool, v3),
    maxidleconns: whole(noPool, v3),
    maxactiveconns: whole(noPool, v3),
    connmaxidletime: duration(noPool, v3),
    connmaxlifetime: duration(noPool, v3),
    maxredirects: whole('Redirects of a cluster that are followed.', { ...v3, default: 3 }),
    readonly: flag(oneServer, v3),
    routebylatency: flag(oneServer, v3),
    routerandomly: flag(oneServer, v3),
    disableidentity: flag('Do not tell the server which library is speaking.', { ...v3, default: false }),
    identitysuffix: text('What is added to the name of the library.', v3),
    unstableresp3: flag('No effect: no such command is used.', v3),
    tls: struct(
      'TLS to the server. On as soon as one of these is set.',
      {
        certificate: path('The certificate that the registry shows.'),
        key: path('Its key.'),
        rootcas: texts("Files of the authorities that the server's certificate may come from.", {}, 'path'),
        clientcas: texts(
          'The name of `rootcas` in version 3.0.',
          { replacedBy: 'redis.tls.rootcas' },
          'path',
        ),
      },
      v3,
    ),
  },
  { introduction, embedded: 'OPTIONS', restart: true },
)
