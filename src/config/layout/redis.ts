import type { Struct } from '../layout.ts'
import { duration, flag, path, struct, text, texts, whole } from './build.ts'

const introduction = `
A Redis that replicas share as a cache. Version 2 names one server in \`addr\`, version 3 one or several in \`addrs\`; either is
understood here. Variables of version 3 may, but need not, have \`OPTIONS\` in their name: \`REGISTRY_REDIS_OPTIONS_ADDRS\`.`

const v3 = { since: '3' } as const
const v2 = { since: '2 only' } as const

export const redis: Struct = struct(
  'A shared cache.',
  {
    addr: text('The server.', { ...v2, replacedBy: 'redis.addrs' }, 'host:port'),
    addrs: texts(
      'The servers: one; several nodes of a cluster; or, with `mastername`, several Sentinels.',
      v3,
      'host:port',
    ),
    mastername: text('The name of the master that the Sentinels watch.', v3),
    clientname: text('How the registry names itself.', v3),
    protocol: whole('The version of the protocol, 2 or 3.', v3),
    username: text('The user to log in as.', v3),
    password: text('Their password.'),
    sentinelusername: text('The user at the Sentinels.', v3),
    sentinelpassword: text('Their password.', v3),
    db: whole('The number of the database.', { default: 0 }),
    dialtimeout: duration('How long a connection may take.'),
    readtimeout: duration('How long an answer may take.'),
    writetimeout: duration('How long a command may take to be sent.'),
    contexttimeoutenabled: flag("A request's own deadline counts too.", v3),
    maxretries: whole('How often a command is tried again.', v3),
    minretrybackoff: duration('The shortest wait before.', v3),
    maxretrybackoff: duration('The longest wait before.', v3),
    pool: struct(
      'The connections.',
      {
        maxidle: whole('Idle ones that are kept.', { replacedBy: 'redis.maxidleconns' }),
        maxactive: whole('All there may be.', { replacedBy: 'redis.poolsize' }),
        idletimeout: duration('How long an idle one is kept.', { replacedBy: 'redis.connmaxidletime' }),
      },
      v2,
    ),
    poolfifo: flag('Take the connection that was idle for longest.', v3),
    poolsize: whole('Connections in the pool.', v3),
    pooltimeout: duration('How long one is waited for.', v3),
    minidleconns: whole('Idle connections that are kept ready.', v3),
    maxidleconns: whole('Idle connections that are kept.', v3),
    maxactiveconns: whole('Connections there may be in all; 0: no limit.', v3),
    connmaxidletime: duration('How long an idle connection is kept.', v3),
    connmaxlifetime: duration('How long any connection is kept.', v3),
    maxredirects: whole('Redirects of a cluster that are followed.', v3),
    readonly: flag('Read from the replicas of a cluster too.', v3),
    routebylatency: flag('Read from the nearest node.', v3),
    routerandomly: flag('Read from any node.', v3),
    disableidentity: flag('Do not tell the server which library is speaking.', v3),
    identitysuffix: text('What is added to the name of the library.', v3),
    unstableresp3: flag('Version 3 of the protocol for all commands.', v3),
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
  { introduction, embedded: 'OPTIONS' },
)
