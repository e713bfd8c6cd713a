import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import type { Handler } from '../http/handler.ts'
import { Http1 } from './http1.ts'
import { Http2 } from './http2.ts'
import { hasUnixSocket, listen } from '../util/listen.ts'
import { timerOf } from '../util/timer.ts'
import { listenPlace } from './listen-place.ts'
import {
  defaultLimits,
  defaultTimeouts,
  type ListenerOptions,
  type ListenerTimeouts,
} from './listener-options.ts'
import type { Protocol } from './protocol.ts'
import { detectHttp2 } from './prior-knowledge.ts'
import { Secure } from './secure.ts'

export type { ListenerOptions } from './listener-options.ts'

/** The main listener: accepts connections, and hands each to TLS if that is on, then to the protocol that the client speaks. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #timeouts: ListenerTimeouts
  readonly #server: Server
  readonly #http1: Http1
  readonly #http2: Http2
  readonly #secure: Secure | undefined
  /** Whether the connections that it is given come by a unix socket; undefined: it listens itself. */
  #isGivenLocal: boolean | undefined
  /** All connections, as they were accepted. */
  readonly #connections = new Set<Socket>()

  constructor(handler: Handler, options: ListenerOptions) {
    this.#options = options
    const limits = { ...defaultLimits, ...options.limits }
    const timeouts = { ...defaultTimeouts, ...options.timeouts }
    this.#timeouts = timeouts
    this.#http1 = new Http1(handler, { limits, timeouts })
    this.#http2 = new Http2(handler, { limits, timeouts })
    this.#secure =
      options.tls &&
      new Secure({
        ...options.tls,
        protocols: options.http2 === false ? ['http/1.1'] : ['h2', 'http/1.1'],
        handshakeTimeout: timeouts.header,
        onSecure: (socket) => {
          if (this.#hasPeer(socket)) this.#protocol(socket.alpnProtocol === 'h2').serve(socket)
        },
      })
    // As Node's HTTP server has it, which ends our side by itself; TLS has its own way to say that.
    this.#server = createServer({ noDelay: true, allowHalfOpen: options.tls === undefined }, (socket) =>
      this.#serve(socket),
    )
    if (limits.connections > 0) this.#server.maxConnections = limits.connections
  }

  /**
   * Begins to listen.
   *
   * @returns where, in a form that a user can type
   * @throws Error in one line: address in use, not allowed, not an address of this machine
   */
  async start(): Promise<string> {
    return await listen(this.#server, await listenPlace(this.#options), this.#options.address)
  }

  /**
   * Takes a connection that somebody else accepted, instead of `start`.
   *
   * @param isLocal whether it came by a unix socket
   */
  accept(socket: Socket, isLocal: boolean): void {
    this.#isGivenLocal = isLocal
    socket.allowHalfOpen = this.#secure === undefined
    socket.setNoDelay(true)
    if (this.#connections.size >= (this.#options.limits?.connections || Infinity)) socket.destroy()
    else this.#serve(socket)
  }

  /** Certificates and the like for new handshakes; connections that are there go on. */
  setSecureContext(options: SecureContextOptions): void {
    this.#secure?.setContext(options)
  }

  /**
   * To be called some time before `stop`: goes on as before, but closes each HTTP/1 connection after its next answer, and tells so.
   */
  retire(): void {
    this.#http1.retire()
  }

  /**
   * Stops: no new connections, and those that are idle are closed; what is in flight may go on.
   *
   * @param milliseconds after which the rest is cut off
   * @returns whether all requests could be finished
   */
  async stop(milliseconds: number): Promise<boolean> {
    // What the system has accepted for us and we have not is reset: we have taken all of it a moment ago.
    await new Promise((resolve) => void setImmediate(resolve))
    this.#server.close()
    const drained = Promise.all([this.#http1.drain(), this.#http2.drain()]).then(() => true)
    const timeout = new AbortController()
    const expired = sleep(timerOf(milliseconds), false, { signal: timeout.signal }).catch(() => false)
    const finished = await Promise.race([drained, expired])
    timeout.abort()
    this.#http1.stop()
    this.#http2.stop()
    // Those on which no protocol has begun are among them.
    for (const socket of this.#connections) socket.destroy()
    return finished
  }

  #serve(socket: Socket): void {
    if (!this.#hasPeer(socket)) return
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    if (this.#secure !== undefined) this.#secure.serve(socket)
    else if (this.#options.h2c === true) {
      detectHttp2(socket, this.#timeouts.header, (isHttp2) => this.#protocol(isHttp2).serve(socket))
    } else this.#http1.serve(socket)
  }

  /**
   * Whether it is known who is at the other end. The system does not tell it of a connection that was reset, also while its last
   * request is still to be read, and it would pass for one by a unix socket, whose peers are trusted. Node keeps the address
   * once it was asked for.
   */
  #hasPeer(socket: Socket): boolean {
    const isLocal = this.#isGivenLocal ?? hasUnixSocket(this.#server)
    if (socket.remoteAddress !== undefined || isLocal) return true
    socket.destroy()
    return false
  }

  #protocol(isHttp2: boolean): Protocol {
    return isHttp2 ? this.#http2 : this.#http1
  }
}
