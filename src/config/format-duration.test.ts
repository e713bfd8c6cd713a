import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseDuration } from './duration.ts'
import { formatDuration } from './format-duration.ts'

const cases: readonly (readonly [number, string])[] = [
  [0, '0s'],
  [604_800_000, '168h'],
  [90_000, '1m30s'],
  [3_600_000 + 1, '1h1ms'],
  [1500, '1s500ms'],
  [1.000_005, '1ms5ns'],
  [620_000, '10m20s'],
  [250, '250ms'],
  [0.000_005, '5ns'],
  [100, '100ms'],
  [600_000, '10m'],
]

for (const [milliseconds, text] of cases) {
  test(`${milliseconds} ms is ${text}`, () => {
    assert.equal(formatDuration(milliseconds), text)
    assert.equal(parseDuration(text), milliseconds)
  })
}

/** Beyond 104 days, nanoseconds are no longer exact. */
const anyDuration = fc.oneof(
  fc.integer({ min: 0, max: 9_007_199_254 }),
  fc.integer({ min: 0, max: 10 ** 12 }).map((nanoseconds) => nanoseconds / 1e6),
  fc.integer({ min: 0, max: 2_562_047 }).map((hours) => hours * 3_600_000),
)

test('what is written reads as it was', () => {
  fc.assert(
    fc.property(anyDuration, (milliseconds) => {
      assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds)
    }),
    { numRuns: 2000 },
  )
})
