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
  readonly #messageState: SpokenState
  readonly #secrets: readonly string[]
  #atOnce = 0
  /** When the first of the latest commands in a row had no answer. */
  #silentSince: number | undefined

  /**
   * @param answerTimeout milliseconds
   * @param secrets passwords, which are not to be logged
   */
  constructor(sender: Sender, answerTimeout: number, log: Log, secrets: readonly string[] = []) {
    this.#secrets = secrets
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
    this.#messageState = new SpokenState({
      log,
      lost: 'deletions are not told to other replicas at once',
      found: 'deletions are told to other replicas at once again',
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
  async insist(key: string, command: RedisCommand): Promise<boolean> {
    return this.#sender.isReady && (await this.#change(key, command))
  }

  /**
   * Tells something to whoever listens; tried as `insist` does. That it may not be told says nothing of reads and writes: users of Redis 7
   * have no channels unless they are given some.
   *
   * @returns whether it was taken
   */
  async publish(channel: string, message: string): Promise<boolean> {
    if (!this.#sender.isReady) return false
    try {
      await this.#ask(undefined, ['PUBLISH', channel, message])
      this.#messageState.found()
      return true
    } catch (error) {
      if (troubleOf(error) === 'all') this.#failed(error)
      else this.#messageState.lost(this.#reasonOf(error))
      return false
    }
  }

  /** The connection says that it has trouble. */
  lost(error: unknown): void {
    this.#state.lost(this.#reasonOf(error))
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

  async #change(key: string, command: RedisCommand): Promise<boolean> {
    try {
      await this.#ask(key, command)
      // That something can be deleted does not show that there is room, nor that the user may write.
      if (command[0] === 'DEL') return true
      this.#writes.succeeded()
      this.#writeState.found()
      return true
    } catch (error) {
      if (troubleOf(error) === 'this command') this.#cannotWrite(error)
      else this.#failed(error)
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
    if (trouble === 'writes') return this.#cannotWrite(error)
    this.#all.failed()
    this.#state.lost(this.#reasonOf(error))
    if (!(error instanceof TooLate)) return
    const now = performance.now()
    this.#silentSince ??= now
    if (now - this.#silentSince < longestSilence) return
    this.#silentSince = undefined
    if (this.#sender.isReady) this.#sender.renew()
  }

  #reasonOf(error: unknown): string {
    return reasonOf(error, this.#secrets)
  }

  #cannotWrite(error: unknown): void {
    this.#writes.failed()
    this.#writeState.lost(this.#reasonOf(error))
  }
}
