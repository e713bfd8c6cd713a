import { BufferPool } from './buffer-pool.ts'

/** Bytes. A call to the kernel or to another thread costs as much for many bytes as for few: large ones move them fastest. */
const large = 1024 * 1024
const small = 128 * 1024

/** Streams take two each, so that eight of them have large ones. */
const largeInUse = 16
const smallKept = 64

/** Buffers for streams: large ones while few streams run, small ones for the rest, so that many at once stay within bounds. */
export class StreamBuffers {
  readonly #large = new BufferPool(large, largeInUse)
  readonly #small = new BufferPool(small, smallKept)
  #largeTaken = 0

  /** Bytes that the smallest of the buffers has. */
  readonly size: number = small

  take(): Buffer {
    if (this.#largeTaken === largeInUse) return this.#small.take()
    this.#largeTaken++
    return this.#large.take()
  }

  /** Only for a buffer that nobody can see any more: its next user fills it with other bytes. */
  give(buffer: Buffer): void {
    this.drop(buffer)
    if (buffer.length === large) this.#large.give(buffer)
    else this.#small.give(buffer)
  }

  /** For one that somebody may still see; it is not used again. */
  drop(buffer: Buffer): void {
    if (buffer.length === large) this.#largeTaken--
  }
}
