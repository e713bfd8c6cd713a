/** Reusable buffers of one size: a stream of a large object takes two and gives them back at its end. */
export class BufferPool {
  readonly size: number
  readonly #kept: number
  readonly #free: Buffer[] = []

  /** Keeps at most `kept` free buffers; the garbage collector takes the others. */
  constructor(size: number, kept: number) {
    this.size = size
    this.#kept = kept
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size)
  }

  /** Only for a buffer that nobody can see any more: its next user fills it with another object's bytes. */
  give(buffer: Buffer): void {
    if (buffer.length === this.size && this.#free.length < this.#kept) this.#free.push(buffer)
  }
}
