import type { PlannedPart, PlanSizes, Stretch } from '../object-store/stretch.ts'
import { largestPart, mostParts } from './sizes.ts'
import { smallestPart } from '../object-store/sizes.ts'

/**
 * How to make one object of several. What is large enough is copied. All parts but the last must have 5 MiB, so that smaller objects are
 * sent together, and where they have less, the beginning of the next one with them.
 *
 * @param sizes bytes of the objects, in order
 */
export function planConcatenation(sizes: readonly number[], limits: PlanSizes): readonly PlannedPart[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const least = Math.max(smallestPart, Math.ceil(total / (mostParts - 1)))
  const chunk = Math.max(limits.chunk, least)
  const copyChunk = Math.min(Math.max(limits.copyChunk, least), Math.floor(largestPart / 2))
  const parts: PlannedPart[] = []
  let run: Stretch[] = []
  let inRun = 0
  const endRun = (): void => {
    if (inRun > 0) parts.push({ kind: 'send', stretches: run })
    run = []
    inRun = 0
  }
  for (const [source, size] of sizes.entries()) {
    for (let start = 0; start < size;) {
      const isLarge = size - start >= least
      if (isLarge && inRun >= least) endRun()
      if (isLarge && inRun === 0) {
        for (const stretch of cut({ source, start, end: size }, copyChunk))
          parts.push({ kind: 'copy', stretch })
        break
      }
      const end = Math.min(size, start + (isLarge ? least : chunk) - inRun)
      run.push({ source, start, end })
      inRun += end - start
      start = end
      if (inRun >= chunk) endRun()
    }
  }
  endRun()
  return parts
}

/** Pieces of one size, and less than twice as large as asked for. */
function* cut({ source, start, end }: Stretch, piece: number): Generator<Stretch, void, undefined> {
  const count = Math.max(Math.floor((end - start) / piece), 1)
  const at = (number: number): number => start + Math.floor(((end - start) * number) / count)
  for (let index = 0; index < count; index++) yield { source, start: at(index), end: at(index + 1) }
}
