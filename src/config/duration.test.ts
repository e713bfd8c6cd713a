import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

const durations: readonly (readonly [string | number, number | undefined])[] = [
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['168h', 604_800_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['100ms', 100],
  ['1us', 0.001],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['1ns', 0.000001],
  ['0', 0],
  ['-0', 0],
  ['+5s', 5000],
  ['-1.5h', -5_400_000],
  ['1m1m', 120_000],
  [0, 0],
  [5, 0.000005],
  [10_000_000_000, 10_000],
  [1.9, 0.000001],
  ['', undefined],
  ['5', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['10 s', undefined],
  ['10S', undefined],
  ['1d', undefined],
  ['1h30', undefined],
  ['--1s', undefined],
  ['300000000h', undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [Number.NaN, undefined],
]

for (const [value, expected] of durations) {
  test(`parseDuration(${JSON.stringify(value)})`, () => {
    const parsed = parseDuration(value)
    // Not strictly: `-0` is as good as `0`.
    assert.equal(parsed === 0 ? 0 : parsed, expected)
  })
}
