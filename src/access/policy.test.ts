import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { actions, type Action, type RepositoryAccess } from '../registry/access.ts'
import { isRepositoryName, parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import { Policy } from './policy.ts'
import { judgeSlowly, type GroupLists } from './reference-evaluator.test.support.ts'
import type { Rule, Subject, Who } from './rule.ts'

const hostile = ['*', '**', '..', '.', '{user}', 'Alice', 'a/b', 'a:b', '__proto__', 'constructor', ' ', 'ä']
const names = ['alice', 'bob', 'a', 'b', ...hostile]
const components = ['a', 'b', 'ab', 'alice', 'bob', 'users', 'a-b', 'a.b', 'a__b']

const who: fc.Arbitrary<Who> = fc.oneof(
  fc.constant<Who>({ kind: 'anonymous' }),
  fc.constant<Who>({ kind: 'authenticated' }),
  fc.record<Who & { kind: 'user' }>({ kind: fc.constant('user'), name: fc.constantFrom(...names) }),
  fc.record<Who & { kind: 'group' }>({
    kind: fc.constant('group'),
    name: fc.constantFrom('g', 'h', '__proto__', 'none'),
  }),
  fc.record<Who & { kind: 'claim' }>({
    kind: fc.constant('claim'),
    name: fc.constantFrom('team', 'constructor', '__proto__'),
    value: fc.constantFrom('x', 'y', '1', 'true', 'function Object() { [native code] }'),
  }),
)

const pattern = fc
  .array(fc.constantFrom('**', '*', '{user}', 'a*', '*b', 'a*b', ...components), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join('/'))

const rule = fc
  .record({
    who: fc.array(who, { minLength: 1, maxLength: 3 }),
    repositories: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    allow: fc.subarray([...actions], { minLength: 1 }),
    tags: fc.array(fc.constantFrom('v*', '*', 'latest', 'v1', '*-rc*'), { maxLength: 2 }),
  })
  .map((made): Rule => ({ ...made, key: '', place: '' }))

const rules = fc
  .array(rule, { maxLength: 6 })
  .map((list) => list.map((one, index): Rule => ({ ...one, key: `access.rules[${index}]` })))

const groups: fc.Arbitrary<GroupLists> = fc.record({
  g: fc.subarray(names),
  h: fc.subarray(names),
})

const value = fc.constantFrom<unknown>('x', 'y', 1, true)

const subject: fc.Arbitrary<Subject> = fc.record(
  {
    name: fc.constantFrom('', ...names),
    claims: fc.dictionary(fc.constantFrom('team', 'other'), fc.oneof(value, fc.array(value))),
  },
  { requiredKeys: [] },
)

const question: fc.Arbitrary<RepositoryAccess> = fc
  .record({
    parts: fc.array(fc.constantFrom(...components), { minLength: 1, maxLength: 5 }),
    action: fc.constantFrom(...actions),
    tag: fc.option(fc.constantFrom('v1', 'v', 'latest', 'x-rc1', 'x'), { nil: undefined }),
  })
  .map(({ parts, action, tag }) => access(parts.join('/'), action, tag))

function access(repository: string, action: Action, tag?: string): RepositoryAccess {
  const name = parseRepositoryName(repository)
  return { kind: 'repository', repository: name, action, ...(tag !== undefined && { tag: parseTag(tag) }) }
}

function policyOf(list: readonly Rule[], lists: GroupLists = {}): Policy {
  const sets = new Map(Object.entries(lists).map(([name, users]) => [name, new Set(users)]))
  return new Policy(list, { has: (group, user) => sets.get(group)?.has(user) === true })
}

const runs = { numRuns: 20_000 }

describe('a policy', () => {
  it('decides as the slow and obvious evaluator does, by the same rule', () => {
    const counts = { allowed: 0, denied: 0, none: 0 }
    fc.assert(
      fc.property(rules, groups, subject, question, (list, lists, one, asked) => {
        const expected = judgeSlowly(list, lists, one, asked)
        const decision = policyOf(list, lists).decide(one, asked)
        assert.equal(decision.allowed, expected.allowed)
        assert.equal(decision.rule?.key, list[expected.rule]?.key)
        counts[expected.rule < 0 ? 'none' : expected.allowed ? 'allowed' : 'denied'] += 1
      }),
      { numRuns: 50_000 },
    )
    for (const [outcome, count] of Object.entries(counts)) assert.ok(count > 2_000, `${outcome}: ${count}`)
  })

  it('denies what no rule is about', () => {
    fc.assert(
      fc.property(subject, question, (one, asked) => {
        assert.deepEqual(policyOf([]).decide(one, asked), { allowed: false, reason: 'no rule matches' })
      }),
      { numRuns: 1_000 },
    )
  })

  it('counts a rule for anonymous for everybody', () => {
    fc.assert(
      fc.property(rule, subject, question, (one, somebody, asked) => {
        // `{user}` is another one's name for another one.
        const open = {
          ...one,
          who: [{ kind: 'anonymous' } as const],
          repositories: one.repositories.map((text) => text.replaceAll('{user}', 'users')),
        }
        const policy = policyOf([open])
        assert.deepEqual(policy.decide(somebody, asked), policy.decide({}, asked))
      }),
      runs,
    )
  })

  it('does not mind rules after the one that decides', () => {
    fc.assert(
      fc.property(rules, rules, groups, subject, question, (list, others, lists, one, asked) => {
        const decision = policyOf(list, lists).decide(one, asked)
        if (decision.rule === undefined) return
        const upTo = list.slice(0, list.indexOf(decision.rule) + 1)
        assert.deepEqual(policyOf([...upTo, ...others], lists).decide(one, asked), decision)
      }),
      runs,
    )
  })

  it('lets whoever may push also pull', () => {
    fc.assert(
      fc.property(rules, groups, subject, question, (list, lists, one, asked) => {
        const policy = policyOf(list, lists)
        const may = (action: Action): boolean =>
          policy.decide(one, access(asked.repository, action, asked.tag)).allowed
        if (may('push')) assert.ok(may('pull'))
      }),
      runs,
    )
  })

  it('lets a push without a tag pass where one with some tag would', () => {
    fc.assert(
      fc.property(rules, groups, subject, question, (list, lists, one, asked) => {
        const policy = policyOf(list, lists)
        if (policy.decide(one, access(asked.repository, 'push', 'v1')).allowed)
          assert.ok(policy.decide(one, access(asked.repository, 'push')).allowed)
      }),
      runs,
    )
  })

  it('means nobody without a name by a user, a group, a room of his own, or authenticated', () => {
    const nameless = fc.constantFrom<Subject>({}, { name: '' }, { claims: {} })
    const named = who.filter(({ kind }) => kind !== 'anonymous' && kind !== 'claim')
    const everyGroup: GroupLists = { g: ['', 'undefined'], h: ['', 'undefined'], none: [''] }
    fc.assert(
      fc.property(fc.array(named, { minLength: 1 }), nameless, question, (list, one, asked) => {
        const whole: Rule = { who: list, repositories: ['**'], allow: actions, tags: [], key: '', place: '' }
        assert.equal(policyOf([whole], everyGroup).decide(one, asked).allowed, false)
        const room: Rule = {
          ...whole,
          who: [{ kind: 'anonymous' }],
          repositories: ['{user}/**', '**/{user}'],
        }
        assert.equal(policyOf([room]).decide(one, asked).allowed, false)
      }),
      runs,
    )
  })

  it('gives nobody the room of another, whatever he is called', () => {
    const room: Rule = {
      who: [{ kind: 'authenticated' }],
      repositories: ['users/{user}/**'],
      allow: actions,
      tags: [],
      key: '',
      place: '',
    }
    const policy = policyOf([room])
    const anyName = fc.oneof(
      fc.string(),
      fc.constantFrom(...names, 'alice/b', 'alice/../bob', 'alice\n', 'alice\0'),
    )
    fc.assert(
      fc.property(anyName, (name) => {
        for (const owner of ['alice', 'bob', 'a-b']) {
          const { allowed } = policy.decide({ name }, access(`users/${owner}/x`, 'push'))
          assert.equal(allowed, name === owner)
        }
      }),
      { numRuns: 5_000 },
    )
    assert.ok(!isRepositoryName('users/{user}'))
  })
})

describe('what a policy knows of itself', () => {
  const open: Rule = {
    who: [{ kind: 'user', name: 'x' }, { kind: 'anonymous' }],
    repositories: ['a'],
    allow: ['pull'],
    tags: [],
    key: '',
    place: '',
  }
  const listing: Rule = { ...open, who: [{ kind: 'group', name: 'g' }], allow: ['list'] }

  it('is whether anything is open to everybody', () => {
    assert.equal(policyOf([listing, open]).hasAnonymous, true)
    assert.equal(policyOf([listing]).hasAnonymous, false)
    assert.equal(policyOf([]).hasAnonymous, false)
  })

  it('is whether somebody may list anything', () => {
    const policy = policyOf([open, listing], { g: ['bob'] })
    assert.equal(policy.of({ name: 'bob' }).canList, true)
    assert.equal(policy.of({ name: 'alice' }).canList, false)
    assert.equal(policy.of({}).canList, false)
  })
})

function byClaim(wanted: string): Rule {
  return {
    who: [{ kind: 'claim', name: 'groups', value: wanted }],
    repositories: ['**'],
    allow: ['pull'],
    tags: [],
    key: '',
    place: '',
  }
}

function mayByClaim(claim: unknown, wanted: string): boolean {
  const policy = policyOf([byClaim(wanted)])
  return policy.decide({ claims: { groups: claim } }, access('a', 'pull')).allowed
}

describe('claims', () => {
  it('are equal, or a list that holds the value', () => {
    assert.equal(mayByClaim('dev', 'dev'), true)
    assert.equal(mayByClaim(['ops', 'dev'], 'dev'), true)
    assert.equal(mayByClaim(true, 'true'), true)
    assert.equal(mayByClaim(7, '7'), true)
  })

  it('are never a part of a text, and nothing that is made text', () => {
    assert.equal(mayByClaim('devs', 'dev'), false)
    assert.equal(mayByClaim('ops,dev', 'dev'), false)
    assert.equal(mayByClaim([['dev']], 'dev'), false)
    assert.equal(mayByClaim({ toString: () => 'dev' }, 'dev'), false)
    assert.equal(mayByClaim(null, 'null'), false)
    const inherited = Object.create({ groups: 'dev' }) as Record<string, unknown>
    const one = access('a', 'pull')
    assert.equal(policyOf([byClaim('dev')]).decide({ claims: inherited }, one).allowed, false)
    assert.equal(mayByClaim(undefined, 'undefined'), false)
    assert.equal(mayByClaim({}, '[object Object]'), false)
  })
})
