import { Readable } from 'node:stream'
import type { Part } from '../object-store/part.ts'
import type { Attempt } from './requests.ts'

/** The part as a body, read anew for each attempt, that tells of its progress. Its length has to be said besides. */
export function bodyOf(part: Part, attempt: Attempt): Buffer | (() => Readable) {
  const [first = Buffer.alloc(0)] = part.slabs
  if (part.slabs.length <= 1) return first.subarray(0, part.length)
  return () =>
    Readable.from(
      piecesOf(part, () => attempt.progress()),
      { objectMode: true, highWaterMark: 1 },
    )
}

/** @param progress called before each piece */
export function* piecesOf(
  { slabs, length }: Part,
  progress?: () => void,
): Generator<Buffer, void, undefined> {
  let left = length
  for (const slab of slabs) {
    progress?.()
    yield slab.subarray(0, left)
    left -= slab.length
  }
}
