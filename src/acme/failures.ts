import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import { backOffTime, type BackOff } from './schedule.ts'

/** How many hosts' failures are remembered: where any host may be asked for, most are not worth it. */
const mostHosts = 10_000

interface Failure {
  readonly count: number
  /** Milliseconds since 1970. */
  readonly retryAt: number
}

/** Which orders failed, and when they may be tried again. */
export class Failures {
  readonly #backOff: BackOff
  readonly #random: () => number
  readonly #failures = new LRUCache<string, Failure>(bounded(mostHosts))

  constructor(backOff: BackOff, random: () => number) {
    this.#backOff = backOff
    this.#random = random
  }

  /** @returns milliseconds since 1970 before which not to try; undefined: try */
  retryAt(name: string, now: number): number | undefined {
    const { retryAt } = this.#failures.get(name) ?? { retryAt: 0 }
    return retryAt > now ? retryAt : undefined
  }

  /**
   * @param longest milliseconds to wait at most, if there is a certificate to replace before it expires
   * @param notBefore milliseconds since 1970, when the authority says so
   * @returns when to try again, milliseconds since 1970
   */
  add(name: string, now: number, longest: number = Infinity, notBefore: number = 0): number {
    const count = (this.#failures.get(name)?.count ?? 0) + 1
    const wait = Math.min(backOffTime(this.#backOff, count, this.#random()), longest)
    const retryAt = Math.max(now + wait, notBefore)
    this.#failures.set(name, { count, retryAt })
    return retryAt
  }

  forget(name: string): void {
    this.#failures.delete(name)
  }
}
