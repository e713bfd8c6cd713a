import { createHmac, randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import type { TlsListenerOptions } from './listener-options.ts'

export interface SecureOptions extends TlsListenerOptions {
  /** By ALPN, the preferred one first. */
  readonly protocols: readonly string[]
  /** Milliseconds. */
  readonly handshakeTimeout: number
  /** Takes over what is encrypted. */
  readonly onSecure: (socket: TLSSocket) => void
}

/** TLS on connections that somebody else accepted. */
export class Secure {
  readonly #server: Server
  readonly #accept: TlsListenerOptions['accept']
  readonly #ticketSecret: string

  constructor(secureOptions: SecureOptions) {
    const { options, admits, accept, failed, protocols, handshakeTimeout, onSecure } = secureOptions
    this.#accept = accept
    this.#ticketSecret = secureOptions.ticketSecret ?? randomBytes(32).toString('base64')
    this.#server = createServer({
      handshakeTimeout,
      ticketKeys: ticketKeys(this.#ticketSecret, options),
      ...options,
      ALPNProtocols: [...protocols],
    })
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ERR_SSL_HTTP_REQUEST') answerPlainHttp(socket)
      failed?.(socket, error)
      // Not all of these end the connection by themselves: that the handshake took too long does not.
      socket.destroy()
    })
    this.#server.on('secureConnection', (socket) => {
      if (admits?.(socket) === false) {
        socket.destroy()
        return
      }
      socket.disableRenegotiation()
      onSecure(socket)
    })
  }

  serve(socket: Socket): void {
    // Whoever asks next sees that it is gone.
    socket.on('error', () => {})
    const next = (raw: Socket): void => {
      this.#server.emit('connection', raw)
    }
    if (this.#accept === undefined) next(socket)
    else this.#accept(socket, next)
  }

  /** For new handshakes; connections that are there go on. What a client was given to resume a session with is void when they differ. */
  setContext(options: SecureContextOptions): void {
    this.#server.setSecureContext(options)
    this.#server.setTicketKeys(ticketKeys(this.#ticketSecret, options))
  }
}

/**
 * By what sessions are resumed (RFC 5077): the same in all processes that have the secret and serve by the same options, whenever each
 * of them began to. Other options are other keys, for whom they let in may differ.
 *
 * @returns as many bytes as Node wants
 */
function ticketKeys(secret: string, options: SecureContextOptions): Buffer {
  return createHmac('sha384', secret)
    .update(`tls tickets ${JSON.stringify(options)}`)
    .digest()
}

/** In the words of Go's servers, which clients such as Docker's recognise. */
function answerPlainHttp(socket: TLSSocket): void {
  // The connection under the TLS; Node has no public name for it.
  const connection: unknown = Reflect.get(socket, '_parent')
  if (connection instanceof Socket)
    connection.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n')
}
