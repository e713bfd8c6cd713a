import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Action } from '../registry/access.ts'
import { checkRules } from './check-rules.ts'
import type { Rule, Who } from './rule.ts'

const anonymous: Who = { kind: 'anonymous' }
const authenticated: Who = { kind: 'authenticated' }
const all: readonly Action[] = ['pull', 'push', 'delete', 'list']

function user(name: string): Who {
  return { kind: 'user', name }
}

function group(name: string): Who {
  return { kind: 'group', name }
}

type Short = readonly [who: readonly Who[], repositories: readonly string[], allow: readonly Action[]]

function warnings(
  short: readonly Short[],
  groups: Readonly<Record<string, readonly string[]>> = {},
  hasClaims = true,
): readonly string[] {
  const rules = short.map(([who, repositories, allow], index): Rule => ({
    who,
    repositories,
    allow,
    tags: [],
    key: `access.rules[${index}]`,
    place: `c.yml:${index + 1}:3`,
  }))
  return checkRules(rules, { groups, hasClaims })
}

describe('advice on rules', () => {
  it('is none for what teams write', () => {
    const typical: readonly Short[] = [
      [[group('admins')], ['**'], all],
      [[authenticated], ['users/{user}/**'], all],
      [[group('ci')], ['apps/**'], ['push', 'list']],
      [[anonymous], ['**'], ['pull', 'list']],
    ]
    assert.deepEqual(warnings(typical, { admins: ['alice'], ci: ['bot'] }), [])
  })

  it('tells of a rule that never decides', () => {
    assert.deepEqual(
      warnings([
        [[anonymous], ['**'], ['pull', 'push']],
        [[user('bob')], ['a/**'], ['pull']],
      ]),
      ['c.yml:2:3: access.rules[1]: never decides, since access.rules[0] before it is about all of it'],
    )
    assert.deepEqual(
      warnings(
        [
          [[group('g')], ['a'], all],
          [[authenticated], ['b/*'], all],
          [[user('bob')], ['a', 'b/x'], all],
        ],
        { g: ['bob'] },
      ),
      [
        'c.yml:3:3: access.rules[2]: never decides, since access.rules[0] and access.rules[1] before it are about all of it',
      ],
    )
  })

  it('tells of none that may decide', () => {
    const pairs: readonly (readonly [Short, Short])[] = [
      // A claim needs no name.
      [
        [[authenticated], ['**'], all],
        [[{ kind: 'claim', name: 'a', value: 'b' }], ['**'], all],
      ],
      [
        [[user('bob')], ['a'], all],
        [[user('bob')], ['a', 'b'], all],
      ],
      [
        [[user('bob')], ['**'], all],
        [[group('g')], ['**'], all],
      ],
      [
        [[group('g')], ['**'], all],
        [[user('eve')], ['**'], all],
      ],
      [
        [[authenticated], ['a/*'], all],
        [[user('bob')], ['a/**'], all],
      ],
      [
        [[authenticated], ['users/{user}/**'], all],
        [[user('bob')], ['users/bob'], all],
      ],
    ]
    for (const pair of pairs) assert.deepEqual(warnings(pair, { g: ['bob'] }), [])
  })

  it('tells of what a login takes away, with an example', () => {
    assert.deepEqual(
      warnings([
        [[group('ci')], ['apps/**'], ['push']],
        [[anonymous], ['**'], ['pull', 'list']],
      ]),
      ['c.yml:1:3: access.rules[0]: group:ci may not list apps/x, which needs no login otherwise'],
    )
    assert.deepEqual(
      warnings([
        [[authenticated], ['**'], ['list']],
        [[anonymous], ['library/*'], ['pull']],
      ]),
      ['c.yml:1:3: access.rules[0]: authenticated may not pull library/x, which needs no login otherwise'],
    )
    assert.deepEqual(
      warnings([
        [[user('bob')], ['users/{user}/**'], ['push']],
        [[anonymous], ['**'], ['pull', 'list']],
      ]),
      ['c.yml:1:3: access.rules[0]: user:bob may not list users/bob/x, which needs no login otherwise'],
    )
  })

  it('tells of nothing taken away where nothing is', () => {
    const pairs: readonly (readonly [Short, Short])[] = [
      [
        [[group('ci')], ['apps/**'], ['push']],
        [[anonymous], ['**'], ['pull']],
      ],
      [
        [[group('ci')], ['apps/**'], ['push']],
        [[anonymous], ['library/**'], ['pull', 'list']],
      ],
      // Those two rules are one for him.
      [
        [[user('bob'), anonymous], ['**'], ['pull']],
        [[anonymous], ['a'], all],
      ],
    ]
    for (const pair of pairs)
      assert.deepEqual(
        warnings(pair).filter((text) => !text.includes('never')),
        [],
      )
  })

  it('tells of a rule about claims where nobody has any', () => {
    const claim: Who = { kind: 'claim', name: 'a', value: 'b' }
    const rules: readonly Short[] = [
      [[claim], ['a'], all],
      [[claim, group('ci')], ['b'], all],
    ]
    assert.deepEqual(warnings(rules, {}, false), [
      'c.yml:1:3: access.rules[0]: is about nobody: only tokens of auth.token have claims',
    ])
    assert.deepEqual(warnings(rules), [])
  })

  it('takes no long time over a large policy', () => {
    const many = Array.from({ length: 5_000 }, (_, index): Short => [
      [index % 2 === 0 ? anonymous : authenticated],
      [`a${index}/**/b`],
      ['pull'],
    ])
    const start = Date.now()
    warnings(many)
    warnings(many.slice(0, 300))
    assert.ok(Date.now() - start < 5_000)
  })
})
