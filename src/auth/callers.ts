import type { Policy } from '../access/policy.ts'
import { describeRule, type Subject } from '../access/rule.ts'
import type { Access, Caller, Verdict } from '../registry/access.ts'
import type { Scopes } from './scope.ts'

/** Who may do everything. */
export function unlimited(name: string | undefined): Caller {
  return withName(name, () => 'allowed')
}

/** Who may do what the rules say, and can say which rule it is. */
export function explained(policy: Policy, subject: Subject): Caller {
  return { ...byRules(policy, subject), explain: (access) => decisionOf(policy, subject, access) }
}

/** Who may do what the rules say. */
export function byRules(policy: Policy, subject: Subject): Caller {
  const { name } = subject
  const rules = policy.of(subject)
  // Whoever has shown a token would come back with the same one.
  const refused: Verdict = name === undefined && subject.claims === undefined ? 'unauthenticated' : 'denied'
  return withName(name, (access) => {
    switch (access.kind) {
      case 'base':
        // Without a login it says how to log in: the classic docker daemon asks nowhere else.
        return name === undefined ? refused : 'allowed'
      case 'catalog':
        return rules.canList ? 'allowed' : refused
      case 'entry':
        return rules.decide({ ...access, kind: 'repository', action: 'list' }).allowed ? 'allowed' : refused
      default:
        return rules.decide(access).allowed ? 'allowed' : refused
    }
  })
}

/** Whose token allows no more than this of what he may do. Lists of tags need `pull`, as in Distribution. */
export function byScopes(scopes: Scopes, inner: Caller): Caller {
  const verdict = (isAllowed: boolean, access: Access): Verdict =>
    isAllowed ? inner.judge(access) : 'insufficient scope'
  const { explain } = inner
  const judged = withName(inner.name, (access) => {
    switch (access.kind) {
      case 'base':
        // The token is good: that is all that is asked.
        return 'allowed'
      case 'catalog':
        return verdict(scopes.allow('registry', 'catalog', '*'), access)
      case 'entry':
        // The catalog has a scope of its own.
        return inner.judge(access)
      default: {
        const { repository, action } = access
        return verdict(scopes.allow('repository', repository, action === 'list' ? 'pull' : action), access)
      }
    }
  })
  return explain === undefined ? judged : { ...judged, explain }
}

function decisionOf(policy: Policy, subject: Subject, access: Access): object | undefined {
  if (access.kind !== 'repository') return undefined
  const { repository, action, tag } = access
  const { allowed, reason, rule } = policy.decide(subject, access)
  return {
    ...(subject.name !== undefined && { 'auth.user.name': subject.name }),
    action,
    repository,
    ...(tag !== undefined && { tag }),
    allowed,
    reason,
    ...(rule && { rule: describeRule(rule) }),
  }
}

function withName(name: string | undefined, judge: (access: Access) => Verdict): Caller {
  return name === undefined ? { judge } : { name, judge }
}
