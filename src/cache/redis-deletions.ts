import { randomBytes } from 'node:crypto'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Deletions } from '../stored/deletions.ts'
import { Breaker } from './breaker.ts'
import type { GuardedRedis } from './guarded-redis.ts'
import { channel, presenceKey } from './keys.ts'
import { readMessage, writeMessage } from './message.ts'
import { tombstone, tombstoneLife } from './redis-presence.ts'

/** Milliseconds in which the others should have heard of a deletion. */
const patience = 200

/** Milliseconds between two signs of life. */
const rhythm = 20_000

/** Milliseconds between two answers to signs of life: of those who write there without end, each would be answered by all. */
const answerRhythm = 1_000

/** Answers that may go out at once after a quiet time: replicas with several workers start together. */
const answersAtOnce = 10

/** Milliseconds without a sign of life after which nobody is waited for. */
const lifetime = 70_000

/** Somebody else may write to the channel: names that nobody has must not fill the memory. */
const mostOthers = 500

interface Waiting {
  readonly missing: Set<string>
  readonly done: () => void
}

/**
 * Tells deletions to all processes that listen to the same Redis, and waits until those that are known to listen have said that they
 * heard it: Redis itself does not know, least of all a cluster. Whatever is not heard is forgotten by itself, some seconds later.
 */
export class RedisDeletions implements Deletions {
  readonly #redis: GuardedRedis
  readonly #name = randomBytes(8).toString('hex')
  /** The others, and when they were heard last. */
  readonly #others = new Map<string, number>()
  readonly #waiting = new Map<number, Waiting>()
  /** For messages that need not be sent: a deletion is told whenever there is a connection. */
  readonly #breaker = new Breaker()
  readonly #pulse: NodeJS.Timeout
  /** Since when another answer to a sign of life may be sent; a time that is past stands for several. */
  #answersFrom = -Infinity
  /** Until the next one may be sent. */
  #answer: NodeJS.Timeout | undefined
  #onTold: (repository: RepositoryName, digest: Digest | undefined) => void = () => {}
  #number = 0

  constructor(redis: GuardedRedis) {
    this.#redis = redis
    this.#pulse = setInterval(() => this.#beat(), rhythm * (0.75 + Math.random() / 2))
    this.#pulse.unref()
  }

  onTold(callback: (repository: RepositoryName, digest: Digest | undefined) => void): void {
    this.#onTold = callback
  }

  async tell(repository: RepositoryName, digest?: Digest): Promise<void> {
    // That others show an old catalog for seconds is not worth a wait while Redis is in trouble.
    if (digest === undefined && !this.#breaker.admits()) return
    const buried = digest === undefined ? [] : this.#bury(repository, digest)
    const [isTold] = await Promise.all([this.#tell(repository, digest), ...buried])
    if (isTold) this.#breaker.succeeded()
    else this.#breaker.failed()
  }

  /** Messages are heard from now on: the others are to know. */
  listening(): void {
    this.#breaker.succeeded()
    this.#sayHere()
  }

  /** A message came. */
  heard(text: string): void {
    const message = readMessage(text)
    if (message === undefined || message.sender === this.#name) return
    const { sender } = message
    if (message.kind === 'gone') return this.#isGone(sender)
    const isNew = !this.#others.has(sender)
    const isKept = !isNew || this.#others.size < mostOthers
    if (isKept) this.#others.set(sender, performance.now())
    switch (message.kind) {
      case 'here':
        // It may have missed that this one is here. Names that are not kept would be new, and answered, for ever.
        if (isNew && isKept) this.#answerHere()
        return
      case 'changed':
        this.#onTold(message.repository, message.digest)
        void this.#send({ kind: 'heard', sender: this.#name, to: sender, number: message.number })
        return
      case 'heard':
        if (message.to === this.#name) this.#knows(sender, message.number)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#pulse)
    clearTimeout(this.#answer)
    for (const { done } of this.#waiting.values()) done()
    await this.#send({ kind: 'gone', sender: this.#name })
  }

  /**
   * Whoever saw it a moment ago cannot say so any more. Distribution's own keys are left alone: who lets it serve the same store with the
   * same Redis must not delete, whichever of the two does it.
   */
  #bury(repository: RepositoryName, digest: Digest): readonly Promise<unknown>[] {
    return (['blob', 'manifest'] as const).map(async (kind) => {
      const key = presenceKey(kind, repository, digest)
      const isDone = await this.#redis.insist(key, ['SET', key, tombstone, 'PX', String(tombstoneLife)])
      // A server whose memory is full lets nothing be written, and all be deleted.
      if (!isDone) await this.#redis.insist(key, ['DEL', key])
    })
  }

  /** @returns whether Redis took it and all others heard it */
  async #tell(repository: RepositoryName, digest: Digest | undefined): Promise<boolean> {
    const number = ++this.#number
    const all = this.#everybodyHears(number)
    const isSent = await this.#send({ kind: 'changed', sender: this.#name, number, repository, digest })
    if (!isSent) this.#waiting.get(number)?.done()
    await all
    return isSent
  }

  async #everybodyHears(number: number): Promise<void> {
    this.#dropSilent()
    if (this.#others.size === 0) return
    const missing = new Set(this.#others.keys())
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        // They are not waited for again, until they say something.
        for (const name of missing) this.#others.delete(name)
        resolve()
      }, patience)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#waiting.set(number, { missing, done })
    })
    this.#waiting.delete(number)
  }

  #knows(name: string, number: number): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    waiting.missing.delete(name)
    if (waiting.missing.size === 0) waiting.done()
  }

  #isGone(name: string): void {
    this.#others.delete(name)
    for (const number of this.#waiting.keys()) this.#knows(name, number)
  }

  #dropSilent(): void {
    const oldest = performance.now() - lifetime
    for (const [name, last] of this.#others) if (last < oldest) this.#others.delete(name)
  }

  #beat(): void {
    this.#dropSilent()
    this.#sayHere()
  }

  #answerHere(): void {
    if (this.#answer !== undefined) return
    const wait = this.#answersFrom - performance.now()
    if (wait <= 0) return this.#answerNow()
    this.#answer = setTimeout(() => this.#answerNow(), wait)
    this.#answer.unref()
  }

  #answerNow(): void {
    this.#answer = undefined
    const earliest = performance.now() - (answersAtOnce - 1) * answerRhythm
    this.#answersFrom = Math.max(this.#answersFrom, earliest) + answerRhythm
    this.#sayHere()
  }

  #sayHere(): void {
    void this.#send({ kind: 'here', sender: this.#name })
  }

  async #send(message: Parameters<typeof writeMessage>[0]): Promise<boolean> {
    return await this.#redis.publish(channel, writeMessage(message))
  }
}
