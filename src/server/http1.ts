import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Handler } from '../http/handler.ts'
import { answerClientError } from './client-error.ts'
import type { ProtocolOptions } from './listener-options.ts'
import type { Protocol } from './protocol.ts'

/** HTTP/1.1, and 1.0. Node's server, with its defaults replaced where they break a registry. */
export class Http1 implements Protocol {
  readonly #server: Server
  /** The open connections, and the answers of each that are not sent whole; several when requests are pipelined. */
  readonly #unanswered = new Map<Duplex, Set<ServerResponse>>()
  /** To be told that no connection is left; set from the beginning of the drain on. */
  #drained: (() => void) | undefined

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
        this.#unanswered.get(socket)?.add(response)
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
    socket.once('close', () => {
      this.#unanswered.delete(socket)
      this.#resolveIfDrained()
    })
    this.#server.emit('connection', socket)
    if (this.#drained !== undefined) this.#closeIfIdle(socket)
  }

  async drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#drained = resolve
      for (const socket of this.#unanswered.keys()) this.#closeIfIdle(socket)
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

  /** Node's own closing of idle connections leaves those on which nothing was ever asked: probes, and what browsers open early. */
  #closeIfIdle(socket: Duplex): void {
    if (this.#unanswered.get(socket)?.size === 0) socket.end(() => socket.destroy())
  }

  #resolveIfDrained(): void {
    if (this.#unanswered.size === 0) this.#drained?.()
  }
}
