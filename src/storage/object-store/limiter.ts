import { setMaxListeners } from 'node:events'

/** Lets so many works run at once; further ones wait for their turn. */
export class Limiter {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(most: number) {
    this.#most = most
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running === this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The place goes straight to the next one.
      if (next === undefined) this.#running--
      else next()
    }
  }

  /**
   * Runs `work` for all items. When one fails, those that wait are not begun, and its error is thrown after those that run ended.
   *
   * @param together how many of these at once at most
   */
  async all<Item, Result>(
    items: readonly Item[],
    work: (item: Item, signal: AbortSignal) => Promise<Result>,
    together: number = Infinity,
  ): Promise<Result[]> {
    const results: Result[] = []
    const controller = new AbortController()
    // One listener for each that runs: not the leak that Node takes more than ten for.
    setMaxListeners(0, controller.signal)
    const failures: unknown[] = []
    const queue = items.entries()
    const worker = async (): Promise<void> => {
      for (const [index, item] of queue) {
        if (controller.signal.aborted) return
        try {
          results[index] = await this.run(() => work(item, controller.signal))
        } catch (error) {
          failures.push(error)
          controller.abort()
        }
      }
    }
    const workers = Math.min(items.length, this.#most, together)
    await Promise.all(Array.from({ length: workers }, worker))
    if (failures.length > 0) throw failures[0]
    return results
  }
}
