import type { PlannedPart, PlanSizes, Stretch } from '../object-store/stretch.ts'
import { largestBlock, mostBlocks } from './sizes.ts'

/**
 * How to make one object of several. Whatever has some bytes is copied by the store, since a block may be small; only where that would be
 * more blocks than a blob may have, runs of the smallest are read and sent together.
 *
 * @param sizes bytes of the objects, in order
 */
export function planBlocks(sizes: readonly number[], limits: PlanSizes): readonly PlannedPart[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const isMany = sizes.length > mostBlocks / 2
  // So many of at least this size can there be; between two of them is one run at most, and further runs are full.
  const least = isMany ? Math.ceil(total / (mostBlocks / 5)) : 1
  const chunk = Math.max(limits.chunk, Math.ceil(total / (mostBlocks / 5)))
  const piece = Math.min(Math.max(limits.copyChunk, Math.ceil(total / (mostBlocks / 5))), largestBlock / 2)
  const parts: PlannedPart[] = []
  let run: Stretch[] = []
  let inRun = 0
  const endRun = (): void => {
    if (inRun > 0) parts.push({ kind: 'send', stretches: run })
    run = []
    inRun = 0
  }
  for (const [source, size] of sizes.entries()) {
    if (size >= least) {
      endRun()
      for (let start = 0; start < size; start += piece)
        parts.push({ kind: 'copy', stretch: { source, start, end: Math.min(start + piece, size) } })
    } else if (size > 0) {
      if (inRun + size > chunk) endRun()
      run.push({ source, start: 0, end: size })
      inRun += size
    }
  }
  endRun()
  return parts
}
