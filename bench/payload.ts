import { createHash, randomBytes, type Hash } from 'node:crypto'

const mebibyte = 1024 * 1024
/** What Docker's client puts into one chunk of a chunked body: Go's io.Copy buffer. */
const chunkSize = 32 * 1024
const poolSize = 16 * mebibyte
const tailSize = 32
const newline = Buffer.from('\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

/** Content of a blob: random bytes that many blobs share, and a tail of its own, which makes its digest a fresh one. */
export interface Payload {
  readonly digest: string
  readonly size: number
  /** The content. */
  plain(): Iterable<Buffer>
  /** The content in chunked framing, as Docker's client sends it. */
  chunked(): Iterable<Buffer>
  /** The content from `start` to `end`. */
  slice(start: number, end: number): Buffer
}

/**
 * Makes payloads that no server has seen. The shared part is hashed once for each size, so a fresh blob of 1 GiB costs
 * nothing, and it lies in memory once, whatever is in flight.
 */
export class PayloadFactory {
  readonly #pool = randomBytes(poolSize)
  readonly #framed = frame(this.#pool)
  readonly #prefixes = new Map<number, Hash>()

  make(size: number): Payload {
    if (size < tailSize) throw new Error(`a payload of ${size} bytes cannot be a fresh one`)
    const tail = randomBytes(tailSize)
    const digest = `sha256:${this.#prefix(size).copy().update(tail).digest('hex')}`
    return {
      digest,
      size,
      plain: () => this.#plain(size, tail),
      chunked: () => this.#chunked(size, tail),
      slice: (start, end) => this.#slice(start, end, size, tail),
    }
  }

  /** A payload of given bytes, such as a manifest's. */
  of(content: Buffer): Payload {
    return {
      digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
      size: content.length,
      plain: () => [content],
      chunked: () => [frame(content), lastChunk],
      slice: (start, end) => content.subarray(start, end),
    }
  }

  #prefix(size: number): Hash {
    let prefix = this.#prefixes.get(size)
    if (prefix === undefined) {
      prefix = createHash('sha256')
      for (const part of this.#shared(size)) prefix.update(part)
      this.#prefixes.set(size, prefix)
    }
    return prefix
  }

  *#shared(size: number): Generator<Buffer> {
    for (let left = size - tailSize; left > 0; left -= poolSize) {
      yield left >= poolSize ? this.#pool : this.#pool.subarray(0, left)
    }
  }

  *#plain(size: number, tail: Buffer): Generator<Buffer> {
    yield* this.#shared(size)
    yield tail
  }

  *#chunked(size: number, tail: Buffer): Generator<Buffer> {
    const framed = this.#framed
    let left = size - tailSize
    for (; left >= poolSize; left -= poolSize) yield framed
    yield Buffer.concat([frame(this.#pool.subarray(0, left)), frame(tail), lastChunk])
  }

  #slice(start: number, end: number, size: number, tail: Buffer): Buffer {
    const part = Buffer.allocUnsafe(end - start)
    const sharedEnd = size - tailSize
    for (let at = start; at < end;) {
      if (at >= sharedEnd) {
        at += tail.copy(part, at - start, at - sharedEnd, end - sharedEnd)
      } else {
        const from = at % poolSize
        const length = Math.min(poolSize - from, end - at, sharedEnd - at)
        at += this.#pool.copy(part, at - start, from, from + length)
      }
    }
    return part
  }
}

/** Chunked framing without the closing chunk. */
function frame(content: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; at += chunkSize) {
    const chunk = content.subarray(at, at + chunkSize)
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, newline)
  }
  return Buffer.concat(parts)
}
