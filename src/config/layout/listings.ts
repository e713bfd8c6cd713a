import type { Struct } from '../layout.ts'
import { struct, whole } from './build.ts'

export const catalog: Struct = struct('The list of repositories, `/v2/_catalog`.', {
  maxentries: whole(
    'Entries of one answer, and the most that a client may ask for; 0 or less: the default.',
    {
      default: 1000,
    },
  ),
})

export const tags: Struct = struct(
  'The lists of tags, `/v2/NAME/tags/list`.',
  {
    maxtags: whole('Entries of one answer, and the most that a client may ask for; 0: the default.', {
      default: 1000,
      minimum: 0,
    }),
  },
  { since: '3.1' },
)
