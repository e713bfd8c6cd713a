import type { Struct } from '../layout.ts'
import { path, struct } from './build.ts'

const introduction = `
Who changed what, from where: a line of JSON for each push, each delete, each login, and each request that was refused. What is in a
line, and how to rotate the file: [operating.md](operating.md#audit-log). Passwords and tokens are not in it.`

export const audit: Struct = struct(
  'The audit log.',
  {
    file: path(
      'Lines are appended to it; it is made, readable by its owner alone, in a folder that must be there. `/dev/stdout` works too.',
      { unset: 'no audit log' },
    ),
  },
  { introduction, since: 'berth' },
)
