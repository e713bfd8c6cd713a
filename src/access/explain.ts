import type { RepositoryAccess } from '../registry/access.ts'
import type { CompiledRule, Decision } from './compiled-rule.ts'
import type { Policy } from './policy.ts'
import { describeWho, type Rule, type Subject } from './rule.ts'

/** Why something is allowed or denied. */
export interface Explanation {
  readonly decision: Decision
  /** By what the deciding rule matches: `group:ci` and `apps/**`; absent when there is none. */
  readonly match?: { readonly who: string; readonly repositories: string }
  /** The rules before it, or all of them. */
  readonly passedOver: readonly PassedOver[]
  /** It sets a tag that never gets another manifest: what the rules allow may still be refused. */
  readonly isImmutable?: boolean
}

export interface PassedOver {
  readonly rule: Rule
  /** The rule is about others, or about the right people and other repositories. */
  readonly because: 'who' | 'repositories'
}

/** Decides as `Policy.decide` does, and says how. */
export function explain(policy: Policy, subject: Subject, access: RepositoryAccess): Explanation {
  const decision = policy.decide(subject, access)
  const passedOver: PassedOver[] = []
  for (const compiled of policy.rules) {
    const { rule } = compiled
    if (rule === decision.rule) return { decision, match: matchOf(compiled, subject, access), passedOver }
    const isAboutHim = compiled.matchingWho(subject) !== undefined
    passedOver.push({ rule, because: isAboutHim ? 'repositories' : 'who' })
  }
  return { decision, passedOver }
}

function matchOf(
  compiled: CompiledRule,
  subject: Subject,
  { repository }: RepositoryAccess,
): { readonly who: string; readonly repositories: string } {
  const who = compiled.matchingWho(subject)
  return {
    who: who === undefined ? '' : describeWho(who),
    repositories: compiled.matchingPattern(repository, subject)?.text ?? '',
  }
}
