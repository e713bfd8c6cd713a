import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Access, Caller } from '../registry/access.ts'
import type { Context } from '../registry/context.ts'
import type { StreamBuffers } from '../util/stream-buffers.ts'
import type { ErrorResponse } from './error-response.ts'
import type { ForwardedHeaders } from './forwarded.ts'
import { http2StreamOf } from './http2-stream.ts'
import type { Locations } from './locations.ts'
import { RequestBody } from './request-body.ts'
import type { Route } from './route.ts'
import type { HttpSettings } from './settings.ts'

export type Headers = Readonly<Record<string, string | readonly string[]>>

/**
 * A body that nobody wants and that is no larger is read before the answer, as Go's server does: clients such as containerd's take a
 * connection that closes while they write for a failure of their own. It also keeps the connection for another try.
 */
const smallBody = { bytes: 256 * 1024, milliseconds: 2_000 }

/** What of a body that nobody wants is still read, so that a client which sends before it reads gets its answer. */
const discardLimits = { bytes: 16 * 1024 * 1024, milliseconds: 2_000 }

export interface ExchangeOptions {
  /** Names the request in logs, and to whoever asked. */
  readonly id: string
  readonly settings: HttpSettings
  readonly locations: Locations
  readonly forwarded: ForwardedHeaders
  /** The headers of every answer. */
  readonly commonHeaders: Headers
  /** The client waits for `100 Continue` before it sends its body. */
  readonly awaitsContinue: boolean
  /** For what bodies bring. */
  readonly buffers: StreamBuffers
}

/** One request and its answer. Answers are sent whole by one call, so that none can be half of one kind and half of another. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  context: Context
  readonly body: RequestBody
  readonly settings: HttpSettings
  readonly id: string
  /** Of the trace that the request belongs to, when there are traces. */
  traceId: string | undefined
  /** What the path named, once that is known. */
  route: Route | undefined
  /** What the request needs the right for, once that is known. */
  accesses: readonly Access[] = []
  /** What went wrong, if anything did. */
  failure: unknown
  /** As the client wrote it, prefix included, without the query. */
  readonly rawPath: string
  /** Milliseconds since 1970: when the request came. */
  readonly startedAt: number = Date.now()
  /** The client's, which a connection that broke off does not tell any more. */
  readonly remoteAddress: string | undefined
  /** The answer that was given, whether or not its client was still there to take it. */
  answer: { readonly status: number; readonly headers: Headers } | undefined
  /** Of the answer. */
  contentType: string | undefined
  /** Bytes of the answer's body that were handed to the connection. */
  bytesSent = 0
  /** Of HTTP/2. */
  readonly #stream: ServerHttp2Stream | undefined
  readonly #locations: Locations
  readonly #forwarded: ForwardedHeaders
  readonly #start: number = performance.now()
  readonly #commonHeaders: Headers
  readonly #rawQuery: string
  #query: URLSearchParams | undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    context: Context,
    options: ExchangeOptions,
  ) {
    this.request = request
    this.response = response
    this.#stream = http2StreamOf(response)
    // Node resets a stream whose request nobody reads as soon as its answer is handed over, also while the end of that waits for
    // room in the client's window: a client would lose it.
    if (this.#stream?.endAfterHeaders === true) this.#stream.resume()
    this.context = context
    this.settings = options.settings
    this.id = options.id
    // A listener on all addresses sees IPv4 clients by their IPv6 form.
    this.remoteAddress = request.socket.remoteAddress?.replace(/^::ffff:/, '')
    this.#locations = options.locations
    this.#forwarded = options.forwarded
    this.#commonHeaders = options.commonHeaders
    const url = originForm(request.url ?? '/')
    const mark = url.indexOf('?')
    this.rawPath = mark < 0 ? url : url.slice(0, mark)
    this.#rawQuery = mark < 0 ? '' : url.slice(mark + 1)
    this.body = new RequestBody(request, response, {
      stallMilliseconds: options.settings.stallMilliseconds,
      awaitsContinue: options.awaitsContinue,
      buffers: options.buffers,
    })
  }

  /** Of the answer; 499, as nginx counts it, when its client went away before there was one. */
  get status(): number {
    return this.response.headersSent ? this.response.statusCode : 499
  }

  /** Milliseconds since the request came. */
  get elapsed(): number {
    return performance.now() - this.#start
  }

  /** Who asks, once that is known, and where it is asked for. */
  get caller(): Caller | undefined {
    return this.context.caller
  }

  /** The address that asks, as far as it can be relied on: for limits and audits. */
  get client(): string | undefined {
    return this.#forwarded.client(this.request, this.remoteAddress)
  }

  /** Whether a proxy names another client, and none is named whom to believe. */
  get hidesClient(): boolean {
    return this.#forwarded.hidesClient(this.request)
  }

  /** The address that asks, for the log. */
  get claimedClient(): string | undefined {
    return this.#forwarded.claimedClient(this.request, this.remoteAddress)
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#rawQuery)
    return this.#query
  }

  /** A request header that may come at most once. */
  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return Array.isArray(value) ? value[0] : value
  }

  /** The path of this request, for a `Link` header. */
  get linkPath(): string {
    return this.#locations.linkPath(this.rawPath)
  }

  /** The URL for a `Location` header. */
  location(path: string): string {
    return this.#locations.of(this.request, path)
  }

  /** The registry's own URL, absolute. */
  ownUrl(path: string): string {
    return this.#locations.absolute(this.request, path)
  }

  /** Scheme and authority by which the client reached the registry; the scheme is `unclaimed` where no proxy says one. */
  origin(unclaimed?: string): string {
    return this.#forwarded.origin(this.request, unclaimed)
  }

  /** Sends a whole answer. A HEAD request gets the same headers and no body. */
  async send(status: number, headers: Headers = {}, body?: Uint8Array): Promise<void> {
    const { response } = this
    this.answer = { status, headers }
    if (!this.body.isConsumed && (this.body.length ?? Infinity) <= smallBody.bytes)
      await this.body.discard(smallBody)
    const content = this.request.method === 'HEAD' ? undefined : body
    const hasLength = status !== 204 && status !== 304
    const length = hasLength ? { 'Content-Length': String(body?.length ?? 0) } : undefined
    this.bytesSent += content?.length ?? 0
    if (this.body.isConsumed || this.#stream !== undefined) {
      response.writeHead(status, this.#all({ ...headers, ...length }))
      this.#end(content)
      this.#giveUpWhenStalled()
      return
    }
    response.writeHead(status, this.#all({ ...headers, ...length, Connection: 'close' }))
    response.flushHeaders()
    if (content !== undefined) response.write(content)
    await this.body.discard(discardLimits)
    response.end()
    this.#giveUpWhenStalled()
  }

  async sendJson(status: number, value: unknown, headers: Headers = {}): Promise<void> {
    const body = Buffer.from(`${JSON.stringify(value)}\n`)
    await this.send(status, { 'Content-Type': 'application/json', ...headers }, body)
  }

  async sendError(error: ErrorResponse, headers: Headers = {}): Promise<void> {
    const retry = error.retryAfter === undefined ? {} : { 'Retry-After': String(error.retryAfter) }
    await this.sendJson(error.status, { errors: error.errors }, { ...retry, ...headers })
  }

  /**
   * Sends an answer whose body comes in chunks, pulled as fast as the client takes them. A failure after the first byte can
   * only be told by breaking the connection, so that the client does not take the part for the whole.
   *
   * @param headers with the `Content-Length` of all chunks together
   */
  async sendStream(status: number, headers: Headers, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.answer = { status, headers }
    const isLast = !this.body.isConsumed && this.#stream === undefined
    const connection = isLast ? { Connection: 'close' } : undefined
    this.response.writeHead(status, this.#all({ ...headers, ...connection }))
    try {
      for await (const chunk of chunks) {
        await this.#write(chunk)
        this.bytesSent += chunk.length
      }
      this.#end()
    } catch (error) {
      this.breakOff()
      throw error
    }
  }

  /** Ends an answer that cannot be finished, so that the client does not take the part for the whole. */
  breakOff(): void {
    // To close the stream, with any code, would end it well first, as far as Node 20 and 24 go.
    if (this.#stream === undefined) this.response.destroy()
    else this.#stream.destroy(new Error('the answer broke off'))
  }

  /**
   * Ends an answer. A client of HTTP/2 whose body nobody wants is told to keep the rest (RFC 9113, 8.1): once the answer is sent, or
   * soon, for Node keeps what comes meanwhile, and a client may refuse to take its answer.
   */
  #end(content?: Uint8Array): void {
    const stream = this.#stream
    const isRefused = stream !== undefined && !this.body.isConsumed
    this.response.end(content)
    if (!isRefused) return
    const refuse = (): void => {
      stream.close(constants.NGHTTP2_NO_ERROR)
      // Else it waits for a reader of what has come: its client could begin fewer and fewer streams.
      stream.destroy()
    }
    if (stream.writableFinished) {
      refuse()
      return
    }
    stream.once('finish', refuse)
    const timer = setTimeout(() => this.breakOff(), discardLimits.milliseconds)
    stream.once('close', () => clearTimeout(timer))
  }

  /** For an answer that was handed over whole, and that the client does not read. */
  #giveUpWhenStalled(): void {
    const { response } = this
    const isSent =
      response.writableLength === 0 &&
      // One socket serves all streams of HTTP/2.
      (this.#stream !== undefined || (response.socket?.writableLength ?? 0) === 0)
    if (isSent) return
    const timer = setTimeout(() => this.breakOff(), this.settings.answerStallMilliseconds)
    response.once('close', () => clearTimeout(timer))
  }

  /** In the mutable form that node:http asks for. */
  #all(headers: Headers): OutgoingHttpHeaders {
    this.contentType = headers['Content-Type']?.toString()
    const all: Headers = { 'X-Request-Id': this.id, ...this.#commonHeaders, ...headers }
    return all as OutgoingHttpHeaders
  }

  /** Resolves once the chunk is out of our hands, for its memory is used again. */
  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const { response } = this
      const settle = (isWritten: boolean): void => {
        clearTimeout(timer)
        response.off('close', fail)
        if (isWritten) resolve()
        else reject(new ClientGone())
      }
      const fail = (): void => settle(false)
      const timer = setTimeout(fail, this.settings.answerStallMilliseconds)
      response.once('close', fail)
      response.write(chunk, (error) => settle(!error))
    })
  }
}

/** A request may name its whole URL (RFC 9112, 3.2.2): its host is not looked at, as the `Host` header's is not. */
function originForm(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*(?=\/)/i, '')
}

/** The client no longer reads the answer: nobody's failure. */
export class ClientGone extends Error {
  readonly code = 'CLIENT_GONE'

  constructor() {
    super('the client does not read the answer')
    this.name = 'ClientGone'
  }
}
