import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const candidates = ['addr', 'net', 'prefix', 'draintimeout', 'headers', 'health', 'http']

const words: readonly (readonly [string, string | undefined])[] = [
  ['adr', 'addr'],
  ['addrs', 'addr'],
  ['ADDR', 'addr'],
  ['drianttimeout', 'draintimeout'],
  ['drain_timeout', 'draintimeout'],
  ['haeders', 'headers'],
  ['htpp', 'http'],
  ['xyz', undefined],
  ['', undefined],
  ['port', undefined],
  ['a'.repeat(100_000), undefined],
]

for (const [word, expected] of words) {
  test(`the nearest to ${JSON.stringify(word.slice(0, 20))}`, () => {
    assert.equal(nearest(word, candidates), expected)
  })
}
