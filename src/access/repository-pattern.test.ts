import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { RepositoryPattern } from './repository-pattern.ts'

type Row = readonly [pattern: string, name: string, expected: boolean, user?: string]

const rows: readonly Row[] = [
  ['library/debian', 'library/debian', true],
  ['library/debian', 'library/debian2', false],
  ['library/debian', 'library', false],
  ['**', 'a', true],
  ['**', 'a/b/c', true],
  // None is a number too: see the class.
  ['apps/**', 'apps', true],
  ['apps/**', 'apps/a', true],
  ['apps/**', 'apps/a/b', true],
  ['apps/**', 'apps2', false],
  ['apps/**', 'apps2/a', false],
  ['apps/**', 'x/apps/a', false],
  ['apps/*', 'apps/a', true],
  ['apps/*', 'apps', false],
  ['apps/*', 'apps/a/b', false],
  ['*', 'a', true],
  ['*', 'a/b', false],
  ['app-*', 'app-x', true],
  ['app-*', 'app-x/y', false],
  ['*-app/*', 'my-app/web', true],
  ['a*c*e', 'abcde', true],
  ['a*c*e', 'abcd', false],
  ['**/web', 'web', true],
  ['**/web', 'a/b/web', true],
  ['**/web', 'a/web/b', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a/**/z', 'a/b/c', false],
  ['**/b/**', 'a/b/c', true],
  ['**/**', 'a', true],
  ['**/*', 'a', true],
  ['*/**/*', 'a', false],
  ['*/**/*', 'a/b', true],
  ['users/{user}/**', 'users/alice', true, 'alice'],
  ['users/{user}/**', 'users/alice/x/y', true, 'alice'],
  ['users/{user}/**', 'users/alice/x', false, 'bob'],
  ['users/{user}/**', 'users/alice2', false, 'alice'],
  ['users/{user}/**', 'users/alice', false],
  ['users/{user}/**', 'users/x', false, ''],
  ['{user}', 'alice', true, 'alice'],
  // Names that are no components of a repository's name.
  ['users/{user}/**', 'users/a/b', false, 'a/b'],
  ['users/{user}/**', 'users/alice', false, 'Alice'],
  ['users/{user}/**', 'users/a', false, '*'],
  ['users/{user}/**', 'users/a', false, '**'],
  ['users/{user}/**', 'users/a', false, '..'],
  ['users/{user}/**', 'users/a', false, '{user}'],
  ['users/{user}/**', 'users/a', false, 'a/../a'],
]

/** A name that the pattern matches, if it can be; what else comes out does no harm. */
function instance(pattern: string, fills: readonly string[], user = 'x'): string {
  const parts = pattern.split('/').map((part, index) => {
    const fill = fills[index] ?? ''
    if (part === '**') return fill
    return part === '{user}' ? user : part.replaceAll('*', fill.replaceAll('/', ''))
  })
  return parts.filter((part) => part !== '').join('/')
}

function covers(one: string, other: string): boolean {
  return new RepositoryPattern(one).covers(new RepositoryPattern(other))
}

describe('a pattern of repositories', () => {
  for (const [pattern, name, expected, user] of rows) {
    const who = user === undefined ? '' : ` for ${JSON.stringify(user)}`
    it(`${pattern} ${expected ? 'matches' : 'does not match'} ${name}${who}`, () => {
      assert.equal(new RepositoryPattern(pattern).matches(name, user), expected)
    })
  }

  it('covers another only if it matches all that the other matches', () => {
    const part = fc.constantFrom('a', 'b', '*', 'a*', '*b', '**', '{user}', 'ab')
    const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
    // Made for the second pattern, which most random names would not match.
    const fills = fc.array(fc.constantFrom('', 'a', 'b', 'c', 'ab', 'a/b', 'c/a/c'), {
      minLength: 6,
      maxLength: 6,
    })
    const user = fc.constantFrom(undefined, 'a', 'c', 'A')
    let covered = 0
    fc.assert(
      fc.property(pattern, pattern, fills, user, (one, other, filled, whose) => {
        const repository = instance(other, filled, whose)
        const [first, second] = [new RepositoryPattern(one), new RepositoryPattern(other)]
        if (!first.covers(second) || !second.matches(repository, whose)) return
        covered += 1
        assert.ok(first.matches(repository, whose), `${one} covers ${other}, and not ${repository}`)
      }),
      { numRuns: 50_000 },
    )
    assert.ok(covered > 1_000, `${covered} cases`)
  })

  it('covers what it plainly covers', () => {
    const yes = [
      ['**', 'a'],
      ['**', '**'],
      ['**', 'users/{user}/**'],
      ['apps/**', 'apps/*'],
      ['apps/**', 'apps'],
      ['apps/**', 'apps/web/**'],
      ['*', '{user}'],
      ['a*', 'ab*c'],
      ['users/{user}/**', 'users/{user}/x'],
    ] as const
    for (const [one, other] of yes) assert.ok(covers(one, other), `${one} ⊇ ${other}`)
    const no = [
      ['apps/*', 'apps/**'],
      ['users/{user}/**', 'users/alice'],
      ['users/a', 'users/{user}'],
      // Not by the letters of the word.
      ['*s*', '{user}'],
      ['a*', '*'],
      ['ab*', 'a*'],
      ['*b', '**'],
    ] as const
    for (const [one, other] of no) assert.ok(!covers(one, other), `${one} ⊉ ${other}`)
  })

  it('takes no long time over what was made to take one', () => {
    const pattern = new RepositoryPattern(`${'**/a/'.repeat(50)}b`)
    const name = Array.from({ length: 127 }, () => 'a').join('/')
    const start = process.hrtime.bigint()
    for (let round = 0; round < 100; round++) assert.equal(pattern.matches(name, undefined), false)
    assert.ok(Number(process.hrtime.bigint() - start) / 1e6 < 2_000)
  })
})
