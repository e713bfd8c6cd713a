import type { Groups } from '../access/groups.ts'
import type { Policy } from '../access/policy.ts'
import type { Subject } from '../access/rule.ts'
import type { Caller } from '../registry/access.ts'
import { byRules, explained } from './callers.ts'

export interface RightsOptions {
  readonly policy: Policy
  readonly groups: Groups
  /** Whether somebody reads lines of that level: they cost something on every request. */
  readonly isDebug: () => boolean
}

/** Makes callers who may do what the rules say. */
export class Rights {
  readonly policy: Policy
  readonly #groups: Groups
  readonly #isDebug: () => boolean

  constructor({ policy, groups, isDebug }: RightsOptions) {
    this.policy = policy
    this.#groups = groups
    this.#isDebug = isDebug
  }

  async caller(subject: Subject): Promise<Caller> {
    await this.#groups.refresh()
    return this.#isDebug() ? explained(this.policy, subject) : byRules(this.policy, subject)
  }
}
