import type { RepositoryAccess } from '../registry/access.ts'
import { CompiledRule, type Decision } from './compiled-rule.ts'
import type { GroupMembers } from './group-members.ts'
import type { Rule, Subject } from './rule.ts'

const noRule: Decision = { allowed: false, reason: 'no rule matches' }

/**
 * Who may do what: the first rule that is about both, the one who asks and the repository, decides alone. What it does not allow is
 * denied, and so is what no rule is about.
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

  /** The rules that are about somebody. For one request: who is in which group may change. */
  of(subject: Subject): SubjectPolicy {
    return new SubjectPolicy(
      this.rules.filter((compiled) => compiled.matchingWho(subject) !== undefined),
      subject,
    )
  }

  /** A push without a tag asks whether he may push at all, such as blobs, and manifests by digest. */
  decide(subject: Subject, access: RepositoryAccess): Decision {
    return this.of(subject).decide(access)
  }
}

/** What somebody may do. Deciding is pure and fast, for it is done for every entry of a catalog. */
export class SubjectPolicy {
  readonly #rules: readonly CompiledRule[]
  readonly #subject: Subject

  /** @param rules those that are about him */
  constructor(rules: readonly CompiledRule[], subject: Subject) {
    this.#rules = rules
    this.#subject = subject
  }

  /** As `Policy.decide`. */
  decide(access: RepositoryAccess): Decision {
    const { repository } = access
    const first = this.#rules.find((rule) => rule.matchingPattern(repository, this.#subject) !== undefined)
    return first?.judge(access) ?? noRule
  }

  /** Whether there may be a repository that he may list. */
  get canList(): boolean {
    return this.#rules.some(({ allowed }) => allowed.has('list'))
  }
}
