import type { IncomingMessage, ServerResponse } from 'node:http'
import { RegistryError } from '../registry/errors.ts'
import type { BufferPool } from '../util/buffer-pool.ts'
import { release } from '../util/release.ts'

/** Bytes: the most that Node reads from a socket at once. */
const largestRead = 64 * 1024

export interface RequestBodyOptions {
  /** Milliseconds without a byte after which the client is given up. */
  readonly stallMilliseconds: number
  /** The client waits for `100 Continue` before it sends. */
  readonly awaitsContinue: boolean
  readonly buffers: BufferPool
}

/**
 * The body of a request, pulled by whoever stores it. What arrives while a chunk is being stored is gathered in a second buffer,
 * so that chunks become large where the client is fast. A chunk is valid only until the next one is asked for.
 *
 * Unlike the request's own iterator it leaves the connection alone when its reader stops half way, so that the client can still
 * be told why.
 *
 * @throws RegistryError CLIENT_CLOSED when the connection breaks, CLIENT_TIMEOUT when nothing arrives for too long
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #options: RequestBodyOptions
  #state: 'unread' | 'reading' | 'ended' | 'broken' = 'unread'
  /** The buffer that what arrives is copied to, and how far. */
  #gathering: Buffer = Buffer.alloc(0)
  #gathered = 0
  /** The buffer that the reader had, which takes its turn next. */
  #spare: Buffer | undefined
  /** What found no room. Empty but for clients whose reads are larger than any socket's. */
  #overflow: Buffer[] = []
  #wake: (() => void) | undefined

  constructor(request: IncomingMessage, response: ServerResponse, options: RequestBodyOptions) {
    this.#request = request
    this.#response = response
    this.#options = options
  }

  /** Bytes, as the client says; undefined when it does not say (chunked). */
  get length(): number | undefined {
    if (this.#request.headers['transfer-encoding'] !== undefined) return undefined
    return Number(this.#request.headers['content-length'] ?? 0)
  }

  /** Whether the connection is free for a next request, as far as this body goes. */
  get isConsumed(): boolean {
    return this.length === 0 || this.#state === 'ended' || this.#request.complete
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.length === 0) return
    this.#start()
    const timer = setTimeout(() => this.#wake?.(), this.#options.stallMilliseconds)
    timer.unref()
    try {
      for (;;) {
        if (this.#gathered > 0) yield* this.#takeGathered()
        else if (this.#state === 'ended') break
        else if (this.#state === 'broken') throw new RegistryError('CLIENT_CLOSED')
        else {
          timer.refresh()
          await new Promise<void>((resolve) => (this.#wake = resolve))
          this.#wake = undefined
          if (this.#gathered === 0 && this.#state === 'reading') throw new RegistryError('CLIENT_TIMEOUT')
        }
      }
      this.#giveBack()
    } finally {
      clearTimeout(timer)
      if (this.#state === 'reading') this.#request.pause()
    }
  }

  /**
   * Reads all of a small body.
   *
   * @param limit bytes
   * @returns undefined when it is larger, without having read much more than the limit
   */
  async bytes(limit: number): Promise<Buffer | undefined> {
    if ((this.length ?? 0) > limit) return undefined
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of this) {
      size += chunk.length
      if (size > limit) return undefined
      chunks.push(Uint8Array.from(chunk))
    }
    return Buffer.concat(chunks, size)
  }

  /** Throws away what the client still sends, up to bounds, so that it reads the answer before the connection closes. */
  async discard(limits: { readonly bytes: number; readonly milliseconds: number }): Promise<void> {
    const isUnasked = this.#options.awaitsContinue && this.#state === 'unread'
    if (this.isConsumed || isUnasked) return
    const deadline = performance.now() + limits.milliseconds
    const timer = setTimeout(() => this.#wake?.(), limits.milliseconds)
    let size = 0
    try {
      for await (const chunk of this) {
        size += chunk.length
        if (size > limits.bytes || performance.now() > deadline) return
      }
    } catch {
      // The client went away: there is nobody left to read the answer.
    } finally {
      clearTimeout(timer)
    }
  }

  /** Hands out one buffer, and gathers in the other one until the reader comes back. */
  *#takeGathered(): Generator<Uint8Array, void, undefined> {
    const filled = this.#gathering
    const chunk = filled.subarray(0, this.#gathered)
    this.#gathering = this.#spare ?? this.#newBuffer()
    this.#gathered = 0
    this.#spare = undefined
    const overflow = this.#overflow
    this.#overflow = []
    for (const data of overflow) this.#gather(data)
    if (this.#request.isPaused() && this.#hasRoom()) this.#request.resume()
    yield chunk
    this.#spare = filled
  }

  #start(): void {
    if (this.#state === 'reading' && this.#hasRoom()) this.#request.resume()
    if (this.#state !== 'unread') return
    this.#state = 'reading'
    this.#gathering = this.#newBuffer()
    // The client is asked to go on only now that somebody wants its bytes: after every check.
    if (this.#options.awaitsContinue) this.#response.writeContinue()
    this.#request.on('data', (data: Buffer) => {
      this.#gather(data)
      if (!this.#hasRoom()) this.#request.pause()
      this.#wake?.()
    })
    this.#request.on('end', () => this.#finish('ended'))
    this.#request.on('error', () => this.#finish('broken'))
    this.#request.on('close', () => this.#finish('broken'))
    if (this.#request.destroyed && !this.#request.complete) this.#finish('broken')
  }

  #finish(state: 'ended' | 'broken'): void {
    if (this.#state === 'reading') this.#state = state
    this.#wake?.()
  }

  #gather(data: Buffer): void {
    if (this.#overflow.length > 0 || data.length > this.#gathering.length - this.#gathered) {
      this.#overflow.push(data)
      return
    }
    this.#gathering.set(data, this.#gathered)
    this.#gathered += data.length
    release(data)
  }

  #hasRoom(): boolean {
    const room = this.#gathering.length - this.#gathered
    return this.#overflow.length === 0 && (room >= largestRead || this.#isSmall)
  }

  /** All of a small body fits into one buffer of its size. */
  get #isSmall(): boolean {
    return this.length !== undefined && this.length <= this.#options.buffers.size
  }

  #newBuffer(): Buffer {
    return this.#isSmall ? Buffer.allocUnsafeSlow(this.length ?? 0) : this.#options.buffers.take()
  }

  /** Only after the reader asked beyond the last chunk, so that it has none in hand any more. */
  #giveBack(): void {
    this.#options.buffers.give(this.#gathering)
    if (this.#spare !== undefined) this.#options.buffers.give(this.#spare)
    this.#spare = undefined
  }
}
