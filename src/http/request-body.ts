import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import { RegistryError } from '../registry/errors.ts'
import type { StreamBuffers } from '../util/stream-buffers.ts'
import { Gathering } from './gathering.ts'
import { http2StreamOf } from './http2-stream.ts'

export interface RequestBodyOptions {
  /** Milliseconds without a byte after which the client is given up. */
  readonly stallMilliseconds: number
  /** The client waits for `100 Continue` before it sends. */
  readonly awaitsContinue: boolean
  readonly buffers: StreamBuffers
}

/**
 * The body of a request, pulled by whoever stores it. What arrives while a chunk is being stored is gathered, so that chunks
 * become large where the client is fast. A chunk is valid only until the next one is asked for.
 *
 * Unlike the request's own iterator it leaves the connection alone when its reader stops half way, so that the client can still
 * be told why.
 *
 * @throws RegistryError CLIENT_CLOSED when the connection breaks, CLIENT_TIMEOUT when nothing arrives for too long
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  /** As the client says; undefined when it does not say (chunked, or over HTTP/2). */
  readonly length: number | undefined
  /** Bytes that have arrived. */
  bytesRead = 0
  readonly #request: IncomingMessage
  /** Of HTTP/2. */
  readonly #stream: ServerHttp2Stream | undefined
  /** What the bytes come from: the stream itself, for the request would only pass on what it brings. */
  readonly #source: Readable
  readonly #response: ServerResponse
  readonly #options: RequestBodyOptions
  readonly #gathering: Gathering
  #state: 'unread' | 'reading' | 'ended' | 'broken' = 'unread'
  /** Ends the reader's wait. */
  #wake: (() => void) | undefined
  #isWaking = false

  constructor(request: IncomingMessage, response: ServerResponse, options: RequestBodyOptions) {
    this.#request = request
    this.#response = response
    this.#options = options
    this.#stream = http2StreamOf(request)
    this.#source = this.#stream ?? request
    this.length = lengthOf(request, this.#stream)
    this.#gathering = new Gathering(options.buffers, this.length)
  }

  /** Whether nothing more comes: over HTTP/1.1 the connection is free for a next request then, as far as this body goes. */
  get isConsumed(): boolean {
    if (this.length === 0 || this.#state === 'ended') return true
    return this.#stream === undefined && this.#request.complete
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.length === 0) return
    this.#start()
    const timer = setTimeout(() => this.#wake?.(), this.#options.stallMilliseconds)
    let isDone = false
    try {
      for (;;) {
        if (this.#gathering.size > 0) {
          const chunk = this.#gathering.take()
          if (this.#gathering.hasRoom) this.#source.resume()
          yield chunk
        } else if (this.#state === 'ended') break
        else if (this.#state === 'broken') throw new RegistryError('CLIENT_CLOSED')
        else {
          timer.refresh()
          await new Promise<void>((resolve) => (this.#wake = resolve))
          this.#wake = undefined
          if (this.#gathering.size === 0 && this.#state === 'reading')
            throw new RegistryError('CLIENT_TIMEOUT')
        }
      }
      isDone = true
    } finally {
      clearTimeout(timer)
      if (this.#state === 'reading') this.#source.pause()
      this.#gathering.letGo(isDone)
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

  #start(): void {
    if (this.#state === 'reading') this.#source.resume()
    if (this.#state !== 'unread') return
    this.#state = 'reading'
    // The client is asked to go on only now that somebody wants its bytes: after every check.
    if (this.#options.awaitsContinue) this.#response.writeContinue()
    this.#source.on('data', (data: Buffer) => {
      this.bytesRead += data.length
      this.#gathering.add(data)
      if (!this.#gathering.hasRoom) this.#source.pause()
      this.#wakeSoon()
    })
    this.#source.on('end', () => this.#finish(this.#isAborted ? 'broken' : 'ended'))
    this.#source.on('error', () => this.#finish('broken'))
    this.#source.on('close', () => this.#finish('broken'))
    if (this.#isGone) this.#finish('broken')
  }

  /** Whether the client gave the stream up: that ends it like any other. */
  get #isAborted(): boolean {
    return this.#stream !== undefined && (this.#stream.aborted || this.#stream.rstCode !== 0)
  }

  /** Whether nothing will be told any more of a body that did not come whole. */
  get #isGone(): boolean {
    return this.#source.destroyed && (this.#stream !== undefined || !this.#request.complete)
  }

  #finish(state: 'ended' | 'broken'): void {
    if (this.#state === 'reading') this.#state = state
    this.#wakeSoon()
  }

  /** Once all that has arrived is gathered: a socket is read in several steps, and each chunk that is stored costs calls. */
  #wakeSoon(): void {
    if (this.#wake === undefined || this.#isWaking) return
    this.#isWaking = true
    setImmediate(() => {
      this.#isWaking = false
      // The wait that it was meant for may be over, and the next one has nothing yet.
      if (this.#gathering.size > 0 || this.#state !== 'reading') this.#wake?.()
    })
  }
}

function lengthOf(request: IncomingMessage, stream: ServerHttp2Stream | undefined): number | undefined {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers
  if (length !== undefined && encoding === undefined) return Number(length)
  if (stream === undefined) return encoding === undefined ? 0 : undefined
  return stream.endAfterHeaders ? 0 : undefined
}
