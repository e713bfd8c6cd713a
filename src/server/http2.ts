import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Handler } from '../http/handler.ts'
import { Http2Connection } from './http2-connection.ts'
import { watchLiveness } from './http2-liveness.ts'
import { Http2Response } from './http2-response.ts'
import { Http2Windows } from './http2-windows.ts'
import type { ListenerTimeouts, ProtocolOptions } from './listener-options.ts'
import type { Protocol } from './protocol.ts'

/**
 * Bytes. In frames of the usual 16 KiB each record of TLS holds parts of two; larger ones come in whole records, whose memory can
 * be freed at once (`util/release.ts`). It saves a third of the processor's time on a large push.
 */
const maxFrameSize = 256 * 1024

/**
 * MB that Node counts for a connection before it refuses new streams: never. It goes on counting what a client that gave a stream up did
 * not take, so a connection through which many pulls were cancelled would end up useless. What a connection holds is bounded by
 * what each of its streams does.
 */
const maxSessionMemory = 1_000_000

/** Milliseconds of silence after which a client that was told of the end has taken all that it will. */
const linger = 1_000

/** HTTP/2 (RFC 9113), over TLS or not. */
export class Http2 implements Protocol {
  readonly #server: Http2Server
  readonly #windows = new Http2Windows()
  readonly #timeouts: ListenerTimeouts
  readonly #connections = new Set<Http2Connection>()
  /** To be told that no connection is left; set from the beginning of the drain on. */
  #drained: (() => void) | undefined

  constructor(handler: Handler, { limits, timeouts }: ProtocolOptions) {
    this.#timeouts = timeouts
    this.#server = createServer({
      settings: {
        ...this.#windows.settings,
        enablePush: false,
        maxFrameSize,
        maxHeaderListSize: limits.headerSize,
      },
      maxSessionMemory,
      Http2ServerResponse: Http2Response,
    })
    const listen = (event: string, awaitsContinue: boolean): void => {
      this.#server.on(event, (request: Http2ServerRequest, response: Http2ServerResponse) => {
        const { headers } = request
        // RFC 9113, 8.3.1: it takes the place of `Host`.
        headers.host = headers[':authority'] ?? headers.host
        // Alike in what the handler uses of them.
        handler(request as unknown as IncomingMessage, response as unknown as ServerResponse, {
          awaitsContinue,
        })
      })
    }
    listen('request', false)
    // Node would ask for the body at once; the handler does when it wants it.
    listen('checkContinue', true)
    // An expectation that nobody knows is none that must be met (RFC 9110, 10.1.1).
    listen('checkExpectation', false)
  }

  serve(socket: Socket): void {
    // Who ends its side is gone: none of its streams goes on.
    socket.allowHalfOpen = false
    socket.once('finish', () => destroyWhenSilent(socket))
    this.#server.once('session', (session) => {
      watchLiveness(session, socket, this.#timeouts.liveness)
      this.#track(session)
    })
    this.#server.emit('connection', socket)
  }

  async drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#drained = resolve
      for (const connection of this.#connections) connection.close()
      this.#resolveIfDrained()
    })
  }

  stop(): void {
    for (const connection of this.#connections) connection.stop()
  }

  #track(session: ServerHttp2Session): void {
    this.#windows.open(session)
    const connection = new Http2Connection(session, this.#timeouts)
    this.#connections.add(connection)
    session.once('close', () => {
      this.#connections.delete(connection)
      this.#resolveIfDrained()
    })
    if (this.#drained !== undefined) connection.close()
  }

  #resolveIfDrained(): void {
    if (this.#connections.size === 0) this.#drained?.()
  }
}

/**
 * Ends a connection on which all is sent. Much of it may still wait in the kernel, and would be lost if what a slow client says
 * meanwhile, such as that it took some, met a closed socket.
 */
function destroyWhenSilent(socket: Socket): void {
  let seen = socket.bytesRead
  const timer = setInterval(() => {
    if (socket.bytesRead === seen) socket.destroy()
    seen = socket.bytesRead
  }, linger)
  socket.once('close', () => clearInterval(timer))
}
