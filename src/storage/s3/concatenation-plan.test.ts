import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { planConcatenation } from './concatenation-plan.ts'
import type { PlannedPart, Stretch } from '../object-store/stretch.ts'
import { largestPart, mostParts } from './sizes.ts'
import { smallestPart } from '../object-store/sizes.ts'

const mib = 1024 ** 2
const limits = { chunk: 10 * mib, copyChunk: 32 * mib }

function stretchesOf(part: PlannedPart): readonly Stretch[] {
  return part.kind === 'copy' ? [part.stretch] : part.stretches
}

function sizeOf(part: PlannedPart): number {
  return stretchesOf(part).reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Every byte once and in order, in parts that S3 takes. */
function check(sizes: readonly number[], plan: readonly PlannedPart[]): void {
  let [source, position] = [0, 0]
  const skipEnded = (): void => {
    while (source < sizes.length && position === sizes[source]) [source, position] = [source + 1, 0]
  }
  for (const { source: from, start, end } of plan.flatMap(stretchesOf)) {
    skipEnded()
    assert.deepEqual([from, start], [source, position])
    assert.ok(end > start && end <= (sizes[source] ?? 0))
    position = end
  }
  skipEnded()
  assert.equal(source, sizes.length)
  assert.ok(plan.length <= mostParts, `${plan.length} parts`)
  for (const [index, part] of plan.entries()) {
    assert.ok(sizeOf(part) <= largestPart)
    if (index < plan.length - 1)
      assert.ok(sizeOf(part) >= smallestPart, `part ${index}: ${sizeOf(part)} bytes`)
  }
}

describe('the plan of a concatenation', () => {
  it('copies what is large, and sends runs of what is small', () => {
    const plan = planConcatenation([mib, 100 * mib, mib, mib, 20 * mib], limits)
    assert.deepEqual(
      plan.map((part) => [part.kind, Math.round(sizeOf(part) / mib)]),
      [
        ['send', 5],
        ['copy', 32],
        ['copy', 32],
        ['copy', 32],
        ['send', 5],
        ['copy', 17],
      ],
    )
    assert.deepEqual(planConcatenation([], limits), [])
    assert.deepEqual(planConcatenation([0, 0], limits), [])
  })

  it('sends small ones in parts of a chunk: 10 GiB in 1 MiB pieces are 1,024 requests', () => {
    const sizes = Array.from({ length: 10 * 1024 }, () => mib)
    const plan = planConcatenation(sizes, limits)
    check(sizes, plan)
    assert.equal(plan.length, 1024)
  })

  it('has every byte once and in order, in parts that S3 takes', () => {
    const size = fc.oneof(
      fc.constantFrom(0, 1, smallestPart - 1, smallestPart, smallestPart + 1, 10 * mib, 64 * mib),
      fc.integer({ min: 0, max: 12 * mib }),
      fc.integer({ min: 0, max: 100 * 1024 * mib }),
    )
    const chunks = fc.constantFrom(smallestPart, 10 * mib, 32 * mib, largestPart)
    fc.assert(
      fc.property(fc.array(size, { maxLength: 40 }), chunks, chunks, (sizes, chunk, copyChunk) => {
        check(sizes, planConcatenation(sizes, { chunk: Math.min(chunk, 32 * mib), copyChunk }))
      }),
      { numRuns: 2_000 },
    )
  })
})
