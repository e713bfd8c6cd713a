import type { Log } from '../registry/context.ts'
import { Breaker } from './breaker.ts'
import { TooLate, within } from './deadline.ts'
import type { RedisCommand } from './redis-clients.ts'
import { reasonOf, troubleOf } from './redis-reply-error.ts'
import { SpokenState } from './spoken-state.ts'

/** Commands that may be on their way at once: more are not asked. */
const mostAtOnce = 500

/** Milliseconds of silence after which the connection is taken for dead. */
const longestSilence = 5_000

/** What the library says when it has no connection. */
const offline = 'The client is offline'

/** What is needed of a connection. */
export interface Sender {
  readonly isReady: boolean
  send(key: string | undefined, command: RedisCommand): Promise<unknown>
  renew(): void
}

/** Asks Redis, and never fails or waits for long: what cannot be answered now has no answer. */
export class GuardedRedis {
  readonly #sender: Sender
  readonly #answerTimeout: number
  readonly #all = new Breaker()
  readonly #writes = new Breaker()
  readonly #state: SpokenState
  readonly #writeState: SpokenState
  #atOnce = 0
  /** When the first of the latest commands in a row had no answer. */
  #silentSince: number | undefined

  /** @param answerTimeout milliseconds */
  constructor(sender: Sender, answerTimeout: number, log: Log) {
    this.#sender = sender
    this.#answerTimeout = answerTimeout
    this.#state = new SpokenState({
      log,
      lost: 'redis cannot be used, going on without it',
      found: 'redis can be used again',
    })
    this.#writeState = new SpokenState({
      log,
      lost: 'redis takes no writes, going on without them',
      found: 'redis takes writes again',
    })
  }

  /** Whether it answers. */
  get isUp(): boolean {
    return this.#sender.isReady && this.#all.isClosed
  }

  /** @returns undefined when there is no answer, for whatever reason */
  async read(key: string, command: RedisCommand): Promise<unknown> {
    if (this.#atOnce >= mostAtOnce && this.#all.isClosed) return undefined
    if (!this.#all.admits()) return undefined
    try {
      const answer = await this.#ask(key, command)
      this.#answered()
      return answer
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  /** Not tried while reads fail: they find out when it works again. Takes no longer than a read, and never fails. */
  async write(key: string, command: RedisCommand): Promise<void> {
    if (this.#atOnce >= mostAtOnce || !this.#all.isClosed || !this.#writes.admits()) return
    await this.#change(key, command)
  }

  /**
   * A write that must be done if it can be: it is tried though Redis seems to be out of order.
   *
   * @returns whether it was done
   */
  async insist(key: string | undefined, command: RedisCommand): Promise<boolean> {
    return this.#sender.isReady && (await this.#change(key, command))
  }

  /** The connection says that it has trouble. */
  lost(error: unknown): void {
    this.#state.lost(reasonOf(error))
  }

  /** There is a connection. Whether it is good for anything is found out at once: TLS, say, may still be refused. */
  async connected(): Promise<void> {
    try {
      await this.#ask(undefined, ['PING'])
      this.#writes.succeeded()
      this.#answered()
    } catch (error) {
      // Of a cluster another node may have been asked, which is not connected yet and says so later.
      if (reasonOf(error) !== offline) this.#failed(error)
    }
  }

  async #change(key: string | undefined, command: RedisCommand): Promise<boolean> {
    try {
      await this.#ask(key, command)
      this.#writes.succeeded()
      this.#writeState.found()
      return true
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  async #ask(key: string | undefined, command: RedisCommand): Promise<unknown> {
    this.#atOnce++
    const answer = this.#sender.send(key, command).finally(() => this.#atOnce--)
    // It counts until it is answered, also when nobody waits for it any longer.
    answer.catch(() => {})
    return await within(this.#answerTimeout, answer)
  }

  #answered(): void {
    this.#silentSince = undefined
    this.#all.succeeded()
    if (this.#sender.isReady) this.#state.found()
  }

  #failed(error: unknown): void {
    const trouble = troubleOf(error)
    if (trouble === 'this key') return this.#answered()
    if (trouble === 'writes') {
      this.#writes.failed()
      this.#writeState.lost(reasonOf(error))
      return
    }
    this.#all.failed()
    this.#state.lost(reasonOf(error))
    if (!(error instanceof TooLate)) return
    const now = performance.now()
    this.#silentSince ??= now
    if (now - this.#silentSince < longestSilence) return
    this.#silentSince = undefined
    if (this.#sender.isReady) this.#sender.renew()
  }
}
