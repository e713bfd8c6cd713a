import type { Log } from '../registry/context.ts'

/** Milliseconds within which a service that comes and goes is spoken of once. */
const quiet = 10_000

/** Milliseconds after which another reason is told. */
const quietOnReasons = 60_000

export interface SpokenStateOptions {
  readonly log: Log
  /** Constant texts. */
  readonly lost: string
  readonly found: string
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

/** Says in the log when something stops working and when it works again, and not how often that was noticed. */
export class SpokenState {
  readonly #options: SpokenStateOptions
  readonly #now: () => number
  /** Why it does not work, as was said; undefined while the last word was that it does. */
  #said: string | undefined
  #lastSaid = -Infinity

  constructor(options: SpokenStateOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** To be called with each failure: what was not said because it was too soon is said with a later one. */
  lost(reason: string): void {
    if (reason === this.#said) return
    const now = this.#now()
    if (now - this.#lastSaid < (this.#said === undefined ? quiet : quietOnReasons)) return
    this.#lastSaid = now
    this.#said = reason
    this.#options.log.warn({ reason }, this.#options.lost)
  }

  found(): void {
    if (this.#said === undefined) return
    this.#said = undefined
    this.#options.log.info({}, this.#options.found)
  }
}
