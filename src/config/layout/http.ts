import type { Struct } from '../layout.ts'
import { address, duration, flag, headers, struct, text, texts, url, whole, word } from './build.ts'
import { tls } from './tls.ts'

const introduction = `
The listener, what it says of itself, and how long it waits.

In Distribution \`http.secret\` signs the state of uploads, and all replicas must share it. In Berth an upload's address holds no state,
so that uploads do not need it. But it signs the tokens of our own that clients get where a rule of \`access\` is for \`anonymous\`
([access.md](access.md)): then all replicas must share it, or a file named by \`access.token.key\`.

Behind a proxy, addresses in answers (\`Location\`, \`Link\`) are made from what the proxy says in \`Forwarded\`, or in
\`X-Forwarded-Proto\` and \`X-Forwarded-Host\`; \`http.host\` overrides them, \`http.relativeurls\` avoids the question.`

const debug = struct(
  'A second listener for monitoring, without TLS and without access control: keep it from the world.',
  {
    addr: address(
      'Where it listens. It serves `/debug/health`, `/debug/vars`, profiles under `/debug/pprof/` and, when switched on, metrics; a POST to `/debug/reload` loads the configuration again.',
      {
        unset: 'there is none',
      },
    ),
    prometheus: struct('Metrics in the form of Prometheus.', {
      enabled: flag('Serve them.', { default: false }),
      path: text('Their path.', { default: '/metrics' }),
    }),
  },
  { restart: true },
)

const timeouts = struct(
  'How long the registry waits for a client. 0 means the default.',
  {
    header: duration('For the whole head of a request.', { default: '30s', restart: true }),
    idle: duration(
      'For the next request of a connection. Longer than load balancers keep theirs, so that it is they who close.',
      { default: '620s', restart: true },
    ),
    body: duration('For the next bytes of the body of a request.', { default: '60s' }),
    answer: duration('For the client to take the next piece of an answer.', { default: '10m' }),
  },
  { since: 'berth' },
)

const limits = struct(
  'What a client may take up.',
  {
    headersize: whole('Bytes of the head of a request. Tokens can be long.', {
      default: 65_536,
      minimum: 8192,
    }),
    connections: whole('Connections at once; 0: no limit.', { default: 0, minimum: 0 }),
  },
  { since: 'berth', restart: true },
)

export const http: Struct = struct(
  'How the registry is reached.',
  {
    addr: address(
      'Where it listens: a port and, if not everywhere, an address. With `net: unix`, the path of a socket.',
      {
        default: ':5000',
        restart: true,
      },
    ),
    net: word(['tcp', 'unix'], 'What it listens on: a TCP port or a Unix socket.', {
      default: 'tcp',
      restart: true,
    }),
    prefix: text(
      'What all paths begin with: `/registry/` serves `/registry/v2/`. The slash at its end may be left out.',
      { default: '/' },
    ),
    host: url('The address under which clients reach the registry; addresses in answers begin with it.', {
      unset: 'taken from each request',
    }),
    secret: text(
      'Signs the tokens of our own that clients get where rules are for `anonymous`, see [access.md](access.md); replicas must share it then.',
      { unset: 'a random one, made at each start' },
    ),
    relativeurls: flag('Addresses in answers have neither scheme nor host.', { default: false }),
    draintimeout: duration(
      'How long requests in flight may go on after the order to stop. 0 cuts them off at once, which is what Distribution does without this key.',
      { unset: '`8s`' },
    ),
    draindelay: duration(
      'How long the registry goes on after the order to stop before it takes no more connections: `/` answers 503 meanwhile, so that a load balancer leaves this replica out, and every connection is closed after its next answer. Give it longer than the balancer takes to notice. See [replicas.md](replicas.md).',
      { default: '0s', since: 'berth' },
    ),
    tls,
    headers: headers(
      'Headers that are added to every answer of the API, by name. Those that belong to the connection, such as `Connection` and `Keep-Alive`, are ignored with a warning.',
    ),
    debug,
    http2: struct('HTTP/2, over TLS.', {
      disabled: flag('Offer HTTP/1.1 alone.', { default: false, restart: true }),
    }),
    h2c: struct(
      'HTTP/2 without TLS.',
      { enabled: flag('Understand it, beside HTTP/1.1.', { default: false }) },
      { since: '3', restart: true },
    ),
    trustedproxies: texts(
      'The proxies whose `Forwarded` and `X-Forwarded-…` headers count: addresses, and ranges such as `10.0.0.0/8`.',
      {
        since: 'berth',
        unset:
          'for addresses in answers they count from everywhere, as in Distribution; for who a client is, from nowhere',
      },
    ),
    timeouts,
    limits,
  },
  { introduction },
)
