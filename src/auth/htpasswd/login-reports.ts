import type { Log } from '../../registry/context.ts'

/** What became of a login; not of those that were remembered. */
export interface LoginAttempt {
  readonly outcome: 'accepted' | 'refused' | 'throttled'
  /** As it was sent: there may be no such user. */
  readonly user: string
  readonly client: string | undefined
  /** One of a few constant texts. */
  readonly reason?: string
}

export interface LoginReportsOptions {
  readonly log: Log
  /** Must not throw. */
  readonly onLogin?: (attempt: LoginAttempt) => void
  /** Calls a function a second later. */
  readonly later?: (work: () => void) => void
}

/** Characters of a user's name in the log. */
const longestName = 100

/** Addresses that get lines of their own within one second. */
const mostAddresses = 20

/** What came from one address, with one outcome, since its last line. */
interface Tally {
  count: number
  latest: LoginAttempt
}

/**
 * Tells of logins. Whoever guesses passwords must not fill the log with it: of each address and outcome there is a line at once, and
 * then one a second, with a count. The same goes for telling `onLogin` of those that were throttled, since they cost nothing
 * to make.
 */
export class LoginReports {
  readonly #log: Log
  readonly #onLogin: ((attempt: LoginAttempt) => void) | undefined
  readonly #later: (work: () => void) => void
  readonly #tallies = new Map<string, Tally>()
  /** From addresses that have no tally. */
  #others = 0
  #isFlushing = false

  constructor({ log, onLogin, later = aSecondLater }: LoginReportsOptions) {
    this.#log = log
    this.#onLogin = onLogin
    this.#later = later
  }

  /** @param address those that count as one have the same */
  report(attempt: LoginAttempt, address: string): void {
    if (attempt.outcome !== 'throttled') this.#onLogin?.(attempt)
    if (attempt.outcome === 'accepted') return
    const key = `${attempt.outcome} ${address}`
    const tally = this.#tallies.get(key)
    if (tally !== undefined) {
      tally.count++
      tally.latest = attempt
    } else if (this.#tallies.size < mostAddresses) {
      this.#tallies.set(key, { count: 0, latest: attempt })
      this.#tell(attempt, 1)
    } else {
      this.#others++
    }
    this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#later(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #flush(): void {
    for (const [key, tally] of this.#tallies) {
      if (tally.count === 0) this.#tallies.delete(key)
      else this.#tell(tally.latest, tally.count)
      tally.count = 0
    }
    if (this.#others > 0) this.#log.warn({ attempts: this.#others }, 'logins of more addresses not accepted')
    this.#others = 0
    if (this.#tallies.size > 0) this.#flushLater()
  }

  #tell(attempt: LoginAttempt, attempts: number): void {
    const { outcome, user, client, reason } = attempt
    if (outcome === 'throttled') this.#onLogin?.(attempt)
    this.#log.warn(
      { user: user.slice(0, longestName), client, reason, ...(attempts > 1 && { attempts }) },
      outcome === 'throttled' ? 'login throttled' : 'login refused',
    )
  }
}

function aSecondLater(work: () => void): void {
  setTimeout(work, 1_000).unref()
}
