import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Handler } from '../http/handler.ts'
import { answerClientError } from './client-error.ts'
import type { ProtocolOptions } from './listener-options.ts'
import type { Protocol } from './protocol.ts'

/**
 * Milliseconds for which a new connection may be silent when the drain begins. Who connected just before sends its request now, and a
 * proxy whose POST or PATCH meets a closed connection cannot send it again.
 */
const patience = 500

/** HTTP/1.1, and 1.0. Node's server, with its defaults replaced where they break a registry. */
export class Http1 implements Protocol {
  readonly #server: Server
  /** The open connections, and the answers of each that are not sent whole; several when requests are pipelined. */
  readonly #unanswered = new Map<Duplex, Set<ServerResponse>>()
  /** To be told that no connection is left; set from the beginning of the drain on. */
  #drained: (() => void) | undefined
  #isRetiring = false
  /** When each connection came on which nothing was asked yet, by the monotonic clock. */
  readonly #silentSince = new Map<Duplex, number>()

  constructor(handler: Handler, { limits, timeouts }: ProtocolOptions) {
    this.#server = createServer({
      maxHeaderSize: limits.headerSize,
      keepAliveTimeout: timeouts.idle,
      headersTimeout: timeouts.header,
      // It would end every upload that takes longer; request bodies have a stall time-out of their own.
      requestTimeout: 0,
      connectionsCheckingInterval: 5_000,
      requireHostHeader: false,
    })
    const listen = (event: string, awaitsContinue: boolean): void => {
      this.#server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        const { socket } = request
        this.#silentSince.delete(socket)
        this.#unanswered.get(socket)?.add(response)
        if (this.#isRetiring) response.shouldKeepAlive = false
        response.once('close', () => {
          this.#unanswered.get(socket)?.delete(response)
          if (this.#drained !== undefined) this.#closeIfIdle(socket)
        })
        handler(request, response, { awaitsContinue })
      })
    }
    listen('request', false)
    // Node would ask for the body at once; the handler does when it wants it.
    listen('checkContinue', true)
    // An expectation that nobody knows is none that must be met (RFC 9110, 10.1.1).
    listen('checkExpectation', false)
    this.#server.on('clientError', (error, socket) =>
      answerClientError(error, socket, this.#isAnswering(socket)),
    )
    // It only listens by way of another server, and watches over its time-outs from this event on.
    this.#server.emit('listening')
  }

  serve(socket: Socket): void {
    this.#unanswered.set(socket, new Set())
    this.#silentSince.set(socket, performance.now())
    socket.once('close', () => {
      this.#unanswered.delete(socket)
      this.#silentSince.delete(socket)
      this.#resolveIfDrained()
    })
    this.#server.emit('connection', socket)
    if (this.#drained !== undefined) this.#closeSoonIfIdle(socket)
  }

  /**
   * From now on each answer says that it is the last one of its connection (`Connection: close`, RFC 9112, 9.6). A proxy that hears
   * so sends its next request elsewhere, where it could meet the closing of a connection that it took for usable.
   */
  retire(): void {
    this.#isRetiring = true
    for (const responses of this.#unanswered.values())
      for (const response of responses) if (!response.headersSent) response.shouldKeepAlive = false
  }

  async drain(): Promise<void> {
    this.retire()
    await new Promise<void>((resolve) => {
      this.#drained = resolve
      for (const socket of this.#unanswered.keys()) this.#closeSoonIfIdle(socket)
      this.#resolveIfDrained()
    })
  }

  stop(): void {
    // It ends the watch.
    this.#server.close()
  }

  #isAnswering(socket: Duplex): boolean {
    return [...(this.#unanswered.get(socket) ?? [])].some((response) => response.headersSent)
  }

  #closeSoonIfIdle(socket: Duplex): void {
    const silentFor = performance.now() - (this.#silentSince.get(socket) ?? -Infinity)
    if (silentFor > patience) this.#closeIfIdle(socket)
    else setTimeout(() => this.#closeIfIdle(socket), patience - silentFor).unref()
  }

  /** Node's own closing of idle connections leaves those on which nothing was ever asked: probes, and what browsers open early. */
  #closeIfIdle(socket: Duplex): void {
    if (this.#unanswered.get(socket)?.size === 0) socket.end(() => socket.destroy())
  }

  #resolveIfDrained(): void {
    if (this.#unanswered.size === 0) this.#drained?.()
  }
}
