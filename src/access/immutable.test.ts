import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import { immutableTags } from './immutable.ts'

const isImmutable = immutableTags([
  { repositories: '**', tags: 'v*' },
  { repositories: 'prod/**', tags: '*' },
  { repositories: 'base', tags: 'latest' },
])

const rows: readonly (readonly [repository: string, tag: string, expected: boolean])[] = [
  ['a', 'v1', true],
  ['a/b', 'v1', true],
  ['a', 'V1', false],
  ['a', 'latest', false],
  ['prod', 'latest', true],
  ['prod/x', 'latest', true],
  ['prod2', 'latest', false],
  ['base', 'latest', true],
  ['base/x', 'latest', false],
]

describe('immutable tags', () => {
  for (const [repository, tag, expected] of rows) {
    it(`${repository}:${tag} is ${expected ? '' : 'not '}one`, () => {
      assert.equal(isImmutable(parseRepositoryName(repository), parseTag(tag)), expected)
    })
  }

  it('are none without patterns', () => {
    assert.equal(immutableTags([])(parseRepositoryName('a'), parseTag('v1')), false)
  })
})
