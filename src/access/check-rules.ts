import { actions, type Action } from '../registry/access.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import { CompiledRule } from './compiled-rule.ts'
import type { GroupMembers } from './group-members.ts'
import { Policy } from './policy.ts'
import type { RepositoryPattern } from './repository-pattern.ts'
import { describeWho, placeRule, type Rule, type Subject, type Who } from './rule.ts'

/** Pairs of somebody and a pattern. A larger policy gets no advice, for the work grows with the square of it. */
const mostPairs = 300

/** Names that each rule is tried with. */
const mostExamples = 10

export interface RuleSurroundings {
  /** Those of the configuration. What a file says of their members may change, and is not looked at. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Whether there is anybody with claims: they come with tokens of others alone. */
  readonly hasClaims: boolean
}

/**
 * What is certainly not meant, a line each, with its place:
 *
 * - a rule that never decides, since earlier ones are about all that it is about, or since nobody has claims;
 * - a rule that takes from somebody what he may do without a login, shown by an example.
 */
export function checkRules(
  rules: readonly Rule[],
  { groups, hasClaims }: RuleSurroundings,
): readonly string[] {
  return [...weigh(rules, groups), ...(hasClaims ? [] : claimsWithoutTokens(rules))]
}

function claimsWithoutTokens(rules: readonly Rule[]): readonly string[] {
  return rules
    .filter(({ who }) => who.every(({ kind }) => kind === 'claim'))
    .map((rule) => placeRule(rule, 'is about nobody: only tokens of auth.token have claims'))
}

function weigh(
  rules: readonly Rule[],
  groups: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const pairs = rules.reduce((sum, { who, repositories }) => sum + who.length * repositories.length, 0)
  if (pairs > mostPairs) return []
  const members = membersOf(groups)
  const compiled = rules.map((rule) => new CompiledRule(rule, members))
  return compiled.flatMap((one, index) => {
    const texts = [...unreachable(compiled.slice(0, index), one, members), ...losses(rules, one, members)]
    return texts.map((text) => placeRule(one.rule, text))
  })
}

function membersOf(groups: Readonly<Record<string, readonly string[]>>): GroupMembers {
  const sets = new Map(Object.entries(groups).map(([name, users]) => [name, new Set(users)]))
  return { has: (group, user) => sets.get(group)?.has(user) === true }
}

/** Each pair of somebody and some repositories is met by an earlier rule. */
function unreachable(
  earlier: readonly CompiledRule[],
  { rule, patterns }: CompiledRule,
  members: GroupMembers,
): readonly string[] {
  const covering = rule.who.flatMap((who) =>
    patterns.map((pattern) =>
      earlier.find(
        (other) =>
          other.rule.who.some((its) => coversWho(its, who, members)) &&
          other.patterns.some((its) => its.covers(pattern)),
      ),
    ),
  )
  const found = covering.filter((other) => other !== undefined)
  if (found.length < covering.length) return []
  const keys = [...new Set(found.map((other) => other.rule.key))]
  return [
    `never decides, since ${keys.join(' and ')} before it ${keys.length === 1 ? 'is' : 'are'} about all of it`,
  ]
}

/** Whether whoever `other` means is meant by `one`. When in doubt, no. */
function coversWho(one: Who, other: Who, members: GroupMembers): boolean {
  if (one.kind === 'anonymous' || describeWho(one) === describeWho(other)) return true
  // A token with claims need not name anybody.
  if (one.kind === 'authenticated') return other.kind === 'user' || other.kind === 'group'
  return one.kind === 'group' && other.kind === 'user' && members.has(one.name, other.name)
}

const nobody: Subject = {}

/** A name that no group has, and that can be a component of a repository's name. */
const somebody = 'somebody'

/** Every example is judged by the rules themselves, so that what is told is so. */
function losses(rules: readonly Rule[], compiled: CompiledRule, members: GroupMembers): readonly string[] {
  const { rule } = compiled
  if (rule.who.some(({ kind }) => kind === 'anonymous')) return []
  for (const who of rule.who) {
    const subject = exampleOf(who)
    const policy = new Policy(rules, {
      has: (group, user) =>
        user === somebody ? who.kind === 'group' && who.name === group : members.has(group, user),
    })
    for (const repository of compiled.patterns.flatMap((pattern) => exampleNames(pattern, rules, subject))) {
      const lost = actions.filter((action) => isLost(policy, rule, subject, repository, action))
      if (lost.length > 0)
        return [
          `${describeWho(who)} may not ${lost.join(', ')} ${repository}, which needs no login otherwise`,
        ]
    }
  }
  return []
}

function isLost(
  policy: Policy,
  rule: Rule,
  subject: Subject,
  repository: RepositoryName,
  action: Action,
): boolean {
  const access = { kind: 'repository', repository, action } as const
  const his = policy.decide(subject, access)
  return his.rule === rule && !his.allowed && policy.decide(nobody, access).allowed
}

function exampleOf(who: Who): Subject {
  switch (who.kind) {
    case 'user':
      return { name: who.name }
    case 'claim':
      return { claims: { [who.name]: who.value } }
    default:
      return { name: somebody }
  }
}

/** Names that a pattern matches: made from it, and from those of the rules for everybody, which may be narrower. */
function exampleNames(
  pattern: RepositoryPattern,
  rules: readonly Rule[],
  subject: Subject,
): readonly RepositoryName[] {
  const open = rules.filter(({ who }) => who.some(({ kind }) => kind === 'anonymous'))
  const texts = new Set([pattern.text, ...open.flatMap(({ repositories }) => repositories)])
  return [...texts]
    .flatMap((text) => ['x', 'x/y'].map((deep) => instance(text, deep, subject)))
    .filter(isRepositoryName)
    .filter((name) => pattern.matches(name, subject.name))
    .slice(0, mostExamples)
}

function instance(text: string, deep: string, { name = '' }: Subject): string {
  return text
    .split('/')
    .map((part) => (part === '**' ? deep : part === '{user}' ? name : part.replaceAll('*', 'x')))
    .join('/')
}
