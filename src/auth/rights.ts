import type { Groups } from '../access/groups.ts'
import type { Policy } from '../access/policy.ts'
import { describeRule, type Subject } from '../access/rule.ts'
import type { Caller } from '../registry/access.ts'
import type { Log } from '../registry/context.ts'
import { byRules } from './callers.ts'

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

  /** @param log of the request: told, at debug, which rule decided */
  async caller(subject: Subject, log: Log): Promise<Caller> {
    await this.#groups.refresh()
    if (!this.#isDebug()) return byRules(this.policy, subject)
    return byRules(
      this.policy,
      subject,
      ({ name }, { repository, action, tag }, { allowed, reason, rule }) => {
        const who = name === undefined ? {} : { 'auth.user.name': name }
        const what = { repository, action, ...(tag !== undefined && { tag }) }
        log.debug(
          { ...who, ...what, allowed, reason, ...(rule && { rule: describeRule(rule) }) },
          'access decided',
        )
      },
    )
  }
}
