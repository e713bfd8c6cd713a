import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Policy } from '../access/policy.ts'
import type { Rule } from '../access/rule.ts'
import { actions, type Access, type Action } from '../registry/access.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import { byRules, byScopes, explained, unlimited } from './callers.ts'
import { Scopes } from './scope.ts'

const noGroups = { has: (): boolean => false, knows: (): boolean => false }

function rule(
  who: Rule['who'],
  repositories: string,
  allow: readonly Action[],
  tags: readonly string[] = [],
): Rule {
  return { who, repositories: [repositories], allow, tags, key: 'access.rules[0]', place: 'config.yml:1:1' }
}

const anonymous = { kind: 'anonymous' } as const
const authenticated = { kind: 'authenticated' } as const

function of(name: string, action: Action, tag?: string): Access {
  const access = { kind: 'repository', repository: parseRepositoryName(name), action } as const
  return tag === undefined ? access : { ...access, tag: parseTag(tag) }
}

function entry(name: string): Access {
  return { kind: 'entry', repository: parseRepositoryName(name) }
}

const policy = new Policy(
  [
    rule([anonymous], 'public/**', ['pull', 'list']),
    rule([authenticated], 'team/**', ['push'], ['dev-*']),
    rule([authenticated], 'ours/**', actions),
  ],
  noGroups,
)

describe('a caller by the rules', () => {
  it('is asked for a login where one may help, and is told no where none does', () => {
    assert.equal(byRules(policy, {}).judge(of('team/a', 'pull')), 'unauthenticated')
    assert.equal(byRules(policy, { name: 'ann' }).judge(of('team/a', 'pull')), 'allowed')
    assert.equal(byRules(policy, { name: 'ann' }).judge(of('team/a', 'delete')), 'denied')
    assert.equal(byRules(policy, { name: 'ann' }).judge(of('team/a', 'push', 'v1')), 'denied')
    assert.equal(byRules(policy, { name: 'ann' }).judge(of('team/a', 'push', 'dev-1')), 'allowed')
    assert.equal(byRules(policy, {}).judge(of('public/a', 'pull')), 'allowed')
  })

  it('must log in for the base, whatever may be pulled without', () => {
    assert.equal(byRules(policy, {}).judge({ kind: 'base' }), 'unauthenticated')
    assert.equal(byRules(policy, { name: 'ann' }).judge({ kind: 'base' }), 'allowed')
  })

  it('sees of the catalog what may be listed', () => {
    assert.equal(byRules(policy, {}).judge({ kind: 'catalog' }), 'allowed')
    assert.equal(byRules(policy, {}).judge(entry('public/a')), 'allowed')
    assert.notEqual(byRules(policy, {}).judge(entry('ours/a')), 'allowed')
    assert.equal(byRules(policy, { name: 'ann' }).judge(entry('ours/a')), 'allowed')
    const closed = new Policy(
      [rule([authenticated], '**', ['list']), rule([anonymous], '**', ['pull'])],
      noGroups,
    )
    assert.equal(byRules(closed, {}).judge({ kind: 'catalog' }), 'unauthenticated')
    const empty = new Policy([rule([anonymous], '**', ['pull'])], noGroups)
    assert.equal(byRules(empty, { name: 'ann' }).judge({ kind: 'catalog' }), 'denied')
  })

  it('can say which rule decides, also with a token', () => {
    const ann = { name: 'ann' }
    assert.equal(byRules(policy, ann).explain, undefined)
    for (const caller of [explained(policy, ann), byScopes(new Scopes([]), explained(policy, ann))]) {
      assert.deepEqual(caller.explain?.(of('team/a', 'push', 'v1')), {
        'auth.user.name': 'ann',
        action: 'push',
        repository: 'team/a',
        tag: 'v1',
        allowed: false,
        reason: 'the rule does not allow that tag',
        rule: 'config.yml:1:1',
      })
      assert.deepEqual(caller.explain?.(of('nobody/a', 'pull')), {
        'auth.user.name': 'ann',
        action: 'pull',
        repository: 'nobody/a',
        allowed: false,
        reason: 'no rule matches',
      })
      assert.equal(caller.explain?.({ kind: 'base' }), undefined)
    }
  })
})

describe('a caller by the scopes of a token', () => {
  const scopes = new Scopes([
    { type: 'repository', name: 'team/a', actions: ['pull'] },
    { type: 'repository', name: 'team/a', actions: ['push'] },
    { type: 'repository', name: 'all', actions: ['*'] },
  ])

  it('may do no more than they say, of what he may do anyway', () => {
    const caller = byScopes(scopes, byRules(policy, { name: 'ann' }))
    assert.equal(caller.name, 'ann')
    assert.equal(caller.judge(of('team/a', 'pull')), 'allowed')
    assert.equal(caller.judge(of('team/a', 'push')), 'allowed')
    assert.equal(caller.judge(of('team/a', 'push', 'v1')), 'denied')
    assert.equal(caller.judge(of('team/a', 'delete')), 'insufficient scope')
    assert.equal(caller.judge(of('ours/a', 'pull')), 'insufficient scope')
    assert.equal(caller.judge(of('all', 'delete')), 'denied', 'the rules')
    assert.equal(caller.judge({ kind: 'base' }), 'allowed')
    assert.equal(caller.judge({ kind: 'catalog' }), 'insufficient scope')
  })

  it('lists tags with pull, and the catalog with a scope of its own', () => {
    const caller = byScopes(scopes, unlimited('ann'))
    assert.equal(caller.judge(of('team/a', 'list')), 'allowed')
    assert.equal(caller.judge(of('all', 'list')), 'allowed')
    assert.equal(caller.judge(of('team/b', 'list')), 'insufficient scope')
    const catalog = new Scopes([{ type: 'registry', name: 'catalog', actions: ['*'] }])
    assert.equal(byScopes(catalog, unlimited('ann')).judge({ kind: 'catalog' }), 'allowed')
    assert.equal(byScopes(catalog, unlimited(undefined)).judge(entry('x')), 'allowed')
  })

  it('is let in by a good token, whoever holds it', () => {
    assert.equal(byScopes(new Scopes([]), byRules(policy, {})).judge({ kind: 'base' }), 'allowed')
  })
})
