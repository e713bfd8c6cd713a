import { release } from '../util/release.ts'
import type { StreamBuffers } from '../util/stream-buffers.ts'

/** Bytes: the most that Node reads from a socket at once. */
const largestRead = 64 * 1024

/** Two buffers that take turns: one gathers what arrives while a reader has the other in hand. */
export class Gathering {
  readonly #buffers: StreamBuffers
  /** Bytes that will come in all; undefined when nobody says. */
  readonly #expected: number | undefined
  #filling: Buffer | undefined
  #inHand: Buffer | undefined
  #size = 0
  /** What found no room. */
  #overflow: Buffer[] = []

  constructor(buffers: StreamBuffers, expected: number | undefined) {
    this.#buffers = buffers
    this.#expected = expected
  }

  /** Bytes gathered. */
  get size(): number {
    return this.#size
  }

  /** Whether one more read of a socket is welcome. */
  get hasRoom(): boolean {
    if (this.#overflow.length > 0) return false
    return this.#isSmall || this.#filling === undefined || this.#filling.length - this.#size >= largestRead
  }

  /** Takes bytes over; they must not be looked at any more. */
  add(data: Buffer): void {
    this.#filling ??= this.#isSmall ? Buffer.allocUnsafeSlow(this.#expected ?? 0) : this.#buffers.take()
    if (this.#overflow.length > 0 || data.length > this.#filling.length - this.#size) {
      this.#overflow.push(data)
      return
    }
    this.#filling.set(data, this.#size)
    this.#size += data.length
    release(data)
  }

  /** All that is gathered, which is at least one byte. Valid until the next call, which takes its buffer back. */
  take(): Uint8Array {
    const filled = this.#filling
    const chunk = filled?.subarray(0, this.#size) ?? new Uint8Array()
    this.#filling = this.#inHand
    this.#inHand = filled
    this.#size = 0
    const overflow = this.#overflow
    this.#overflow = []
    for (const data of overflow) this.add(data)
    return chunk
  }

  /**
   * Gives the buffers back, and forgets what is in them.
   *
   * @param isDone whether the reader is done with what it took: else that must not be written over
   */
  letGo(isDone: boolean): void {
    for (const buffer of [this.#filling, this.#inHand]) {
      if (buffer !== undefined && isDone) this.#buffers.give(buffer)
      else if (buffer !== undefined) this.#buffers.drop(buffer)
    }
    this.#filling = undefined
    this.#inHand = undefined
    this.#size = 0
    this.#overflow = []
  }

  /** A small body takes one buffer of its size. */
  get #isSmall(): boolean {
    return this.#expected !== undefined && this.#expected <= this.#buffers.size
  }
}
