import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { matchesText } from './wildcard.ts'

/** By trying everything. */
function matchesSlowly(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const rest = pattern.slice(1)
  if (pattern.startsWith('*'))
    return matchesSlowly(rest, text) || (text !== '' && matchesSlowly(pattern, text.slice(1)))
  return text !== '' && text.startsWith(pattern.slice(0, 1)) && matchesSlowly(rest, text.slice(1))
}

describe('a text with wildcards', () => {
  it('matches as trying everything does', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    fc.assert(
      fc.property(few, text, (pattern, found) => {
        assert.equal(matchesText(pattern, found), matchesSlowly(pattern, found))
      }),
      { numRuns: 20_000 },
    )
  })

  it('matches the whole text, and nothing in a pattern but the star is special', () => {
    assert.equal(matchesText('release-*', 'release-1'), true)
    assert.equal(matchesText('release-*', 'release-'), true)
    assert.equal(matchesText('release-*', 'xrelease-1'), false)
    assert.equal(matchesText('v1.*', 'v1x2'), false)
    assert.equal(matchesText('', ''), true)
    assert.equal(matchesText('a', 'A'), false)
  })

  it('takes no long time over what was made to take one', () => {
    const pattern = `${'*a'.repeat(120)}*b`
    const text = 'a'.repeat(255)
    const start = process.hrtime.bigint()
    for (let round = 0; round < 100; round++) assert.equal(matchesText(pattern, text), false)
    // A backtracking expression would not end in this century.
    assert.ok(Number(process.hrtime.bigint() - start) / 1e6 < 2_000)
  })
})
