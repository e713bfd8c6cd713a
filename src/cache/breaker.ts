/** Milliseconds for which a service that failed once is left alone; doubled with each failure in a row. */
const shortestPause = 500
const longestPause = 4_000

export interface BreakerOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
  /** From 0 to 1. */
  readonly random?: () => number
}

/**
 * Keeps callers from a service that failed lately: after a failure nobody is let through for a while, then one alone, who finds out
 * whether it works again. So a dead service costs one time-out now and then, and not one for each request.
 */
export class Breaker {
  readonly #now: () => number
  readonly #random: () => number
  #failures = 0
  #pausedUntil = 0
  /** When somebody was let through who has not said yet how it went. */
  #probeSince: number | undefined

  constructor({ now = () => performance.now(), random = Math.random }: BreakerOptions = {}) {
    this.#now = now
    this.#random = random
  }

  /** Whether all are let through. */
  get isClosed(): boolean {
    return this.#failures === 0
  }

  /** Whether to try: whoever is told so says `succeeded` or `failed` afterwards. */
  admits(): boolean {
    if (this.#failures === 0) return true
    const now = this.#now()
    if (now < this.#pausedUntil) return false
    // One that never came back must not keep all others out.
    if (this.#probeSince !== undefined && now - this.#probeSince < longestPause) return false
    this.#probeSince = now
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#probeSince = undefined
  }

  failed(): void {
    // Many may have been on their way when it broke: together they are one failure.
    if (this.#failures > 0 && this.#probeSince === undefined) return
    this.#probeSince = undefined
    const pause = Math.min(shortestPause * 2 ** this.#failures, longestPause)
    this.#failures++
    // Spread out, so that not all processes come back in the same moment.
    this.#pausedUntil = this.#now() + pause * (0.75 + this.#random() / 2)
  }
}
