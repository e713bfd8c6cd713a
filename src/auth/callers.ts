import type { Decision } from '../access/compiled-rule.ts'
import type { Policy } from '../access/policy.ts'
import type { Subject } from '../access/rule.ts'
import type { Access, Caller, RepositoryAccess, Verdict } from '../registry/access.ts'
import type { Scopes } from './scope.ts'

/** Told of each decision of the rules, for whoever wants to know why. */
export type Deciding = (subject: Subject, access: RepositoryAccess, decision: Decision) => void

/** Who may do everything. */
export function unlimited(name: string | undefined): Caller {
  return withName(name, () => 'allowed')
}

/** Who may do what the rules say. */
export function byRules(policy: Policy, subject: Subject, onDecision?: Deciding): Caller {
  const { name } = subject
  const refused: Verdict = name === undefined ? 'unauthenticated' : 'denied'
  const decide = (access: RepositoryAccess): Verdict => {
    const decision = policy.decide(subject, access)
    onDecision?.(subject, access, decision)
    return decision.allowed ? 'allowed' : refused
  }
  return withName(name, (access) => {
    switch (access.kind) {
      case 'base':
        // Without a login it says how to log in: the classic docker daemon asks nowhere else.
        return name === undefined ? refused : 'allowed'
      case 'catalog':
        return name === undefined && !policy.canList(subject) ? refused : 'allowed'
      case 'entry':
        return policy.decide(subject, { ...access, kind: 'repository', action: 'list' }).allowed
          ? 'allowed'
          : refused
      default:
        return decide(access)
    }
  })
}

/** Whose token allows no more than this of what he may do. Lists of tags need `pull`, as in Distribution. */
export function byScopes(scopes: Scopes, inner: Caller): Caller {
  const verdict = (isAllowed: boolean, access: Access): Verdict =>
    isAllowed ? inner.judge(access) : 'insufficient scope'
  return withName(inner.name, (access) => {
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
}

function withName(name: string | undefined, judge: (access: Access) => Verdict): Caller {
  return name === undefined ? { judge } : { name, judge }
}
