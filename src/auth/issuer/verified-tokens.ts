import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

interface Remembered<T> {
  readonly value: T
  /** Milliseconds since 1970. */
  readonly until: number
}

export interface VerifiedTokensOptions<T> {
  /** @throws whatever is wrong with the token */
  readonly verify: (token: string) => Promise<Remembered<T>>
  /** Characters of tokens, all together. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Verifies tokens, and remembers those that are good: each comes with many requests, and some of them come at once. Bad ones
 * are not remembered, so that nobody fills this who has no token.
 */
export class VerifiedTokens<T> {
  readonly #options: VerifiedTokensOptions<T>
  /** By hash: the tokens themselves are not kept. */
  readonly #known: LRUCache<string, Remembered<T>>
  readonly #verifying = new Map<string, Promise<T>>()

  constructor(options: VerifiedTokensOptions<T>) {
    this.#options = options
    this.#known = new LRUCache({ maxSize: options.size })
  }

  /** @throws what `verify` throws */
  async get(token: string): Promise<T> {
    const key = createHash('sha256').update(token).digest('base64')
    const known = this.#known.get(key)
    if (known !== undefined) {
      if (this.#options.now() < known.until) return known.value
      this.#known.delete(key)
    }
    const verifying = this.#verifying.get(key)
    if (verifying !== undefined) return await verifying
    const work = this.#verify(key, token)
    this.#verifying.set(key, work)
    try {
      return await work
    } finally {
      this.#verifying.delete(key)
    }
  }

  async #verify(key: string, token: string): Promise<T> {
    const verified = await this.#options.verify(token)
    // What is larger than all may be, is not kept.
    this.#known.set(key, verified, { size: token.length })
    return verified.value
  }
}
