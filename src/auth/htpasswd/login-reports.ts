import type { Log } from '../../registry/context.ts'
import { Thinned } from '../../util/thinned.ts'

/** What became of a login; not of those that were remembered. */
export interface LoginAttempt {
  readonly outcome: 'accepted' | 'refused' | 'throttled'
  /** As it was sent: there may be no such user. */
  readonly user: string
  readonly client: string | undefined
  /** One of a few constant texts. */
  readonly reason?: string
  /** How many this is the latest of, when it is more than one. */
  readonly count?: number
}

export interface LoginReportsOptions {
  readonly log: Log
  /** Told of each attempt, but of throttled ones once a second and address. Must not throw. */
  readonly onLogin?: (attempt: LoginAttempt) => void
  /** Told of every single attempt. Must not throw. */
  readonly onAttempt?: (outcome: LoginAttempt['outcome']) => void
  /** Calls a function a second later. */
  readonly later?: (work: () => void) => void
}

/** Characters of a user's name in the log. */
const longestName = 100

/**
 * Tells of logins. Whoever guesses passwords must not fill the log with it: of each address and outcome there is a line at once, and
 * then one a second, with a count. The same goes for telling `onLogin` of those that were throttled, since they cost nothing
 * to make.
 */
export class LoginReports {
  readonly #options: LoginReportsOptions
  readonly #thinned: Thinned<LoginAttempt>

  constructor(options: LoginReportsOptions) {
    const { log, later } = options
    this.#options = options
    this.#thinned = new Thinned({
      write: (attempt, count) => this.#tell(attempt, count),
      writeOthers: (attempts) => log.warn({ attempts }, 'logins of more addresses not accepted'),
      ...(later && { later }),
    })
  }

  /** @param address those that count as one have the same */
  report(attempt: LoginAttempt, address: string): void {
    const { outcome } = attempt
    this.#options.onAttempt?.(outcome)
    if (outcome !== 'throttled') this.#options.onLogin?.(attempt)
    if (outcome !== 'accepted') this.#thinned.add(`${outcome} ${address}`, attempt)
  }

  #tell(attempt: LoginAttempt, count: number): void {
    const { log, onLogin } = this.#options
    const { outcome, user, client, reason } = attempt
    if (outcome === 'throttled') onLogin?.({ ...attempt, ...(count > 1 && { count }) })
    log.warn(
      { user: user.slice(0, longestName), client, reason, ...(count > 1 && { attempts: count }) },
      outcome === 'throttled' ? 'login throttled' : 'login refused',
    )
  }
}
