import type { Struct } from '../layout.ts'
import { duration, struct, text, url } from './build.ts'

const introduction = `
A registry that keeps what another one has: what it lacks is fetched from there and stored. It takes no pushes.`

export const proxy: Struct = struct(
  'A pull-through cache.',
  {
    remoteurl: url('The other registry. Switches it on.'),
    username: text('The user there.'),
    password: text('Their password.'),
    ttl: duration('How long what was fetched is kept; 0 or less: for ever.', { default: '168h', since: '3' }),
    cachewritetimeout: duration('How long storing may go on after the client has gone.', {
      default: '5m',
      since: '3.1',
    }),
    exec: struct(
      'A program that gives the credentials.',
      {
        command: text('What is run: a Docker credential helper.'),
        lifetime: duration('How long its answer is good.'),
      },
      { since: '3' },
    ),
  },
  { introduction },
)
