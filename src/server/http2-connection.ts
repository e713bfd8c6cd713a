import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { ListenerTimeouts } from './listener-options.ts'

/** A connection of HTTP/2, which is closed when nothing is asked on it for too long. Node itself ends those that misbehave. */
export class Http2Connection {
  readonly #session: ServerHttp2Session
  readonly #idle: number
  #streams = 0
  #isClosing = false
  #timer: NodeJS.Timeout

  constructor(session: ServerHttp2Session, timeouts: ListenerTimeouts) {
    this.#session = session
    this.#idle = timeouts.idle
    this.#timer = this.#closeAfter(timeouts.header)
    session.on('stream', (stream: ServerHttp2Stream) => this.#track(stream))
    session.once('close', () => this.stop())
  }

  /**
   * Ends the connection when its last stream has ended. GOAWAY tells the client which one that is, so that it can ask again elsewhere
   * for what it sent since (RFC 9113, 6.8). A first GOAWAY that only warns is not to be had: Node ignores all streams after it.
   */
  close(): void {
    this.#isClosing = true
    if (!this.#session.destroyed) this.#session.close()
    this.#endIfIdle()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #track(stream: ServerHttp2Stream): void {
    this.#streams++
    clearTimeout(this.#timer)
    stream.once('close', () => {
      this.#streams--
      if (this.#isClosing) this.#endIfIdle()
      else if (this.#streams === 0 && !this.#session.destroyed) this.#timer = this.#closeAfter(this.#idle)
    })
  }

  /** Node does that by itself, but not while a client is in the middle of the headers of another request. */
  #endIfIdle(): void {
    // A stream that has just begun is told of a little later.
    setImmediate(() => {
      if (this.#streams === 0 && !this.#session.destroyed) this.#session.destroy()
    })
  }

  #closeAfter(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.close(), milliseconds)
  }
}
