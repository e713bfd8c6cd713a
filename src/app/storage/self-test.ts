import type { Log } from '../../registry/context.ts'
import { StoreProblem } from '../../storage/store-problem.ts'

/** Milliseconds to the next look at a store that was down, doubled each time. */
const firstPause = 5_000
const longestPause = 60_000

export interface SelfTestOptions {
  /** @throws StoreProblem */
  readonly test: (warn: (line: string) => void) => Promise<void>
  readonly log: Log
  /** Milliseconds; see above. */
  readonly pause?: number
}

/**
 * Looks at the start whether the store can be used. What somebody has to correct ends the start: a registry that comes up with the
 * wrong bucket is noticed by its users. A store that is down for the moment does not, as in Distribution: replicas that start just
 * then would end again and again, and be late when it is back. Until then health says so, and requests are answered by 503.
 */
export class SelfTest {
  readonly #options: SelfTestOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: SelfTestOptions) {
    this.#options = options
  }

  /** @throws StoreProblem that does not pass by itself; Error when the store's SDK is absent */
  async start(): Promise<void> {
    const { log, pause = firstPause } = this.#options
    const problem = await this.#test()
    if (problem === undefined) return
    if (!problem.mayPass) throw problem
    log.warn(
      { problem: problem.message },
      'the storage cannot be reached now: serving all the same, and looking again',
    )
    this.#later(pause)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #later(pause: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => void this.#again(pause), pause).unref()
  }

  async #again(pause: number): Promise<void> {
    const { log } = this.#options
    try {
      const problem = await this.#test()
      if (problem === undefined) {
        log.info({}, 'the storage can be used now')
        return
      }
      if (!problem.mayPass) log.error({ problem: problem.message }, 'the storage cannot be used')
    } catch (error) {
      log.error({ err: error }, 'the storage cannot be tested')
    }
    this.#later(Math.min(pause * 2, longestPause))
  }

  async #test(): Promise<StoreProblem | undefined> {
    const { test, log } = this.#options
    try {
      await test((warning) => log.warn({ warning }, 'storage'))
      return undefined
    } catch (error) {
      if (error instanceof StoreProblem) return error
      throw error
    }
  }
}
