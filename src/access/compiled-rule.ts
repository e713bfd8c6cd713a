import type { Action, RepositoryAccess } from '../registry/access.ts'
import type { GroupMembers } from './group-members.ts'
import { RepositoryPattern } from './repository-pattern.ts'
import type { Rule, Subject, Who } from './rule.ts'
import { matchesText } from './wildcard.ts'

/** `reason` is one of a few constant texts. */
export interface Decision {
  readonly allowed: boolean
  /** The rule that decided; absent when none matches. */
  readonly rule?: Rule
  readonly reason: string
}

/** A rule made ready to decide. */
export class CompiledRule {
  readonly rule: Rule
  readonly patterns: readonly RepositoryPattern[]
  /** `push` has brought `pull`. */
  readonly allowed: ReadonlySet<Action>
  readonly #groups: GroupMembers
  // Made once: decisions are taken for each entry of a catalog.
  readonly #yes: Decision
  readonly #no: Decision
  readonly #notThatTag: Decision

  constructor(rule: Rule, groups: GroupMembers) {
    this.rule = rule
    this.patterns = rule.repositories.map((text) => new RepositoryPattern(text))
    this.allowed = new Set(rule.allow.includes('push') ? [...rule.allow, 'pull'] : rule.allow)
    this.#groups = groups
    this.#yes = { allowed: true, rule, reason: 'the rule allows it' }
    this.#no = { allowed: false, rule, reason: 'the rule does not allow that' }
    this.#notThatTag = { allowed: false, rule, reason: 'the rule does not allow that tag' }
  }

  /** The first of its words that means him. */
  matchingWho(subject: Subject): Who | undefined {
    return this.rule.who.find((who) => this.#means(who, subject))
  }

  matchingPattern(repository: string, { name }: Subject): RepositoryPattern | undefined {
    return this.patterns.find((pattern) => pattern.matches(repository, name))
  }

  /** What it says to whoever it is about, of a repository that it is about. */
  judge({ action, tag }: RepositoryAccess): Decision {
    if (!this.allowed.has(action)) return this.#no
    const { tags } = this.rule
    if (action !== 'push' || tag === undefined || tags.length === 0) return this.#yes
    return tags.some((pattern) => matchesText(pattern, tag)) ? this.#yes : this.#notThatTag
  }

  #means(who: Who, { name = '', claims }: Subject): boolean {
    switch (who.kind) {
      case 'anonymous':
        return true
      case 'authenticated':
        return name !== ''
      case 'user':
        return name !== '' && who.name === name
      case 'group':
        return name !== '' && this.#groups.has(who.name, name)
      default:
        return claims !== undefined && Object.hasOwn(claims, who.name) && holds(claims[who.name], who.value)
    }
  }
}

/** Numbers and flags are compared by their text: `claim:email_verified=true`. */
function holds(claim: unknown, value: string): boolean {
  if (Array.isArray(claim)) return claim.some((item: unknown) => isValue(item, value))
  return isValue(claim, value)
}

function isValue(claim: unknown, value: string): boolean {
  return ['string', 'number', 'boolean'].includes(typeof claim) && String(claim) === value
}
