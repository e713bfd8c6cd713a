import type { RepositoryAccess } from '../registry/access.ts'
import { CompiledRule, type Decision } from './compiled-rule.ts'
import type { GroupMembers } from './group-members.ts'
import type { Rule, Subject } from './rule.ts'

const noRule: Decision = { allowed: false, reason: 'no rule matches' }

/**
 * Who may do what: the first rule that is about both, the one who asks and the repository, decides alone. What it does not allow is
 * denied, and so is what no rule is about.
 *
 * Deciding is pure and fast, for it is done for every request and every entry of a catalog.
 */
export class Policy {
  readonly rules: readonly CompiledRule[]
  /** Whether any rule is for everybody, logged in or not. */
  readonly hasAnonymous: boolean

  /** @param groups asked at each decision */
  constructor(rules: readonly Rule[], groups: GroupMembers) {
    this.rules = rules.map((rule) => new CompiledRule(rule, groups))
    this.hasAnonymous = rules.some(({ who }) => who.some(({ kind }) => kind === 'anonymous'))
  }

  /** A push without a tag asks whether he may push at all, such as blobs, and manifests by digest. */
  decide(subject: Subject, access: RepositoryAccess): Decision {
    for (const compiled of this.rules) {
      if (compiled.matchingWho(subject) === undefined) continue
      if (compiled.matchingPattern(access.repository, subject) !== undefined) return compiled.judge(access)
    }
    return noRule
  }

  /** Whether there may be a repository that he may list. */
  canList(subject: Subject): boolean {
    return this.rules.some(
      (compiled) => compiled.allowed.has('list') && compiled.matchingWho(subject) !== undefined,
    )
  }
}
