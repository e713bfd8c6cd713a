import type { Leaf } from '../layout.ts'
import { openWord } from './build.ts'

export const workers: Leaf = openWord(
  ['auto'],
  'How many processes serve: a number from 1 to 256, or `auto` for as many as there are processors for the registry. With more than one, another process watches over them, see [operating.md](operating.md#workers). `inmemory` storage has one always.',
  { default: 1, since: 'berth', restart: true },
)
