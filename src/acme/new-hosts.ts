/** How many hosts may have their first order under way. */
const mostPending = 5

/** How many may have it in a short time, and in how many milliseconds another one is added to that, as Distribution 2 had it. */
const burst = 20
const refill = 3 * 60 * 60 * 1000

/**
 * Where any host is served that a client names, whoever connects could make us order without end, until the authority refuses to
 * renew what is in use. This bounds the first orders of hosts.
 */
export class NewHosts {
  #pending = 0
  #left = burst
  #countedAt: number

  /** @param now milliseconds since 1970 */
  constructor(now: number) {
    this.#countedAt = now
  }

  /**
   * @param now milliseconds since 1970
   * @returns to be called when the order has ended; undefined: not now
   */
  admit(now: number): (() => void) | undefined {
    const more = Math.floor((now - this.#countedAt) / refill)
    if (more > 0) {
      this.#left = Math.min(burst, this.#left + more)
      this.#countedAt += more * refill
    }
    if (this.#pending >= mostPending || this.#left === 0) return undefined
    this.#pending++
    this.#left--
    return () => {
      this.#pending--
    }
  }
}
