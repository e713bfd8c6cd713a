import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { release } from '../../util/release.ts'
import type { OpenObject } from '../driver.ts'
import { unavailable } from '../failure.ts'
import { BrokenBody, chunksOf } from '../object-store/body.ts'
import { isPassing, waitBefore } from '../object-store/retrying.ts'
import { type GcsProblem, problemOf } from './errors.ts'

/** A body that breaks so often, each time without one more byte, is given up. */
const mostBreaks = 5

export interface Opened {
  readonly body: Readable
  /** Bytes of the whole object. */
  readonly size: number
  /** What the body holds; `end` is not part of it. */
  readonly start: number
  readonly end: number
}

export interface Resumption {
  /** Milliseconds after which a silent body counts as broken. */
  readonly silence: number
  /** Asks for the rest of the same object. */
  readonly reopen: (start: number, end: number) => Promise<Readable>
  readonly failure: (problem: GcsProblem) => Error
}

/** Reads an open answer, and asks for the rest when it breaks off. */
export class ResumingReader implements OpenObject {
  readonly size: number
  readonly #resumption: Resumption
  #body: Readable
  #position: number
  readonly #end: number
  #iterated = false
  #closed = false
  /** Since the last byte. */
  #breaks = 0

  constructor({ body, size, start, end }: Opened, resumption: Resumption) {
    this.size = size
    this.#resumption = resumption
    this.#body = body
    this.#position = start
    this.#end = end
    // Told to whoever reads; until somebody does it must not end the process.
    this.#body.on('error', ignore)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#iterated) throw new Error('an open object is read once')
    this.#iterated = true
    return this.#chunks()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#body.destroy()
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      while (this.#position < this.#end) {
        const failure = yield* this.#stretch()
        this.#throwIfClosed()
        if (failure !== undefined) await this.#resume(failure.error)
      }
      this.#throwIfClosed()
    } finally {
      await this.close()
    }
  }

  /** What one body gives; its failure is a value, and the consumer's is not caught. */
  async *#stretch(): AsyncGenerator<Uint8Array, { readonly error: unknown } | undefined, undefined> {
    const chunks = chunksOf(this.#body, this.#resumption.silence)
    try {
      for (;;) {
        this.#throwIfClosed()
        const next = await chunks.next().catch((error: unknown) => ({ error }))
        if ('error' in next) return next
        if (next.done === true) break
        const chunk = next.value
        this.#position += chunk.length
        this.#breaks = 0
        if (this.#position > this.#end) throw unavailable('the store sends more of an object than it said')
        yield chunk
        release(chunk)
      }
    } finally {
      await chunks.return()
    }
    if (this.#position === this.#end) return undefined
    return { error: new BrokenBody(`the body ends at ${this.#position} of ${this.#end} bytes`) }
  }

  async #resume(error: unknown): Promise<void> {
    const problem = problemOf(error)
    if (++this.#breaks > mostBreaks || !isPassing(problem)) throw this.#resumption.failure(problem)
    await delay(waitBefore(problem, this.#breaks, Math.random()))
    this.#body = await this.#resumption.reopen(this.#position, this.#end)
    this.#body.on('error', ignore)
    this.#throwIfClosed()
  }

  #throwIfClosed(): void {
    if (!this.#closed) return
    this.#body.destroy()
    throw unavailable('the object was closed while it was read')
  }
}

function ignore(): void {
  // See above.
}
