import type { IncomingMessage, ServerResponse } from 'node:http'
import { RegistryError } from '../registry/errors.ts'

/** Bytes held for a reader that is slower than the client; then the socket is no longer read. */
const maxQueued = 256 * 1024

/**
 * The body of a request, pulled by whoever stores it. Unlike the request's own iterator it leaves the connection alone when a
 * reader stops half way, so that the client can still be told why.
 *
 * @throws RegistryError CLIENT_CLOSED when the connection breaks, CLIENT_TIMEOUT when nothing arrives for too long
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #stallMilliseconds: number
  readonly #awaitsContinue: boolean
  readonly #queue: Buffer[] = []
  #queued = 0
  #state: 'unread' | 'reading' | 'ended' | 'broken' = 'unread'
  #wake: (() => void) | undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: { readonly stallMilliseconds: number; readonly awaitsContinue: boolean },
  ) {
    this.#request = request
    this.#response = response
    this.#stallMilliseconds = options.stallMilliseconds
    this.#awaitsContinue = options.awaitsContinue
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
    const timer = setTimeout(() => this.#wake?.(), this.#stallMilliseconds)
    timer.unref()
    try {
      for (;;) {
        const chunk = this.#queue.shift()
        if (chunk !== undefined) {
          this.#queued -= chunk.length
          if (this.#queued < maxQueued && this.#request.isPaused()) this.#request.resume()
          yield chunk
        } else if (this.#state === 'ended') return
        else if (this.#state === 'broken') throw new RegistryError('CLIENT_CLOSED')
        else {
          timer.refresh()
          await new Promise<void>((resolve) => (this.#wake = resolve))
          this.#wake = undefined
          if (this.#queue.length === 0 && this.#state === 'reading') throw new RegistryError('CLIENT_TIMEOUT')
        }
      }
    } finally {
      clearTimeout(timer)
      if (this.#state === 'reading') this.#request.pause()
    }
  }

  /**
   * Reads all of a small body.
   *
   * @param limit bytes
   * @returns undefined when it is larger, without having read more than the limit
   */
  async bytes(limit: number): Promise<Buffer | undefined> {
    if ((this.length ?? 0) > limit) return undefined
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of this) {
      size += chunk.length
      if (size > limit) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, size)
  }

  /** Throws away what the client still sends, up to bounds, so that it reads the answer before the connection closes. */
  async discard(limits: { readonly bytes: number; readonly milliseconds: number }): Promise<void> {
    if (this.isConsumed || this.#awaitsContinueStill()) return
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

  #awaitsContinueStill(): boolean {
    return this.#awaitsContinue && this.#state === 'unread'
  }

  #start(): void {
    if (this.#state !== 'unread') {
      if (this.#state === 'reading') this.#request.resume()
      return
    }
    this.#state = 'reading'
    // The client is asked to go on only now that somebody wants its bytes: after every check.
    if (this.#awaitsContinue) this.#response.writeContinue()
    this.#request.on('data', (chunk: Buffer) => {
      this.#queue.push(chunk)
      this.#queued += chunk.length
      if (this.#queued >= maxQueued) this.#request.pause()
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
}
