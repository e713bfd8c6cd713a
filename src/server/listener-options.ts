import type { Socket } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'

export interface ListenerOptions {
  /** `host:port`, or the path of a socket. */
  readonly address: string
  readonly net: 'tcp' | 'unix'
  /** An open socket to listen on, which whoever started the process handed over; the address is not used then. */
  readonly fd?: number | undefined
  /** Absent: connections are not encrypted. */
  readonly tls?: TlsListenerOptions | undefined
  /** Whether clients may choose HTTP/2 in the TLS handshake. Default: yes. */
  readonly http2?: boolean | undefined
  /** Whether an unencrypted connection may begin with HTTP/2 (RFC 9113, 3.3). Default: no. */
  readonly h2c?: boolean | undefined
  readonly limits?: Partial<ListenerLimits> | undefined
  readonly timeouts?: Partial<ListenerTimeouts> | undefined
}

export interface TlsListenerOptions {
  /** Certificates, versions, ciphers, client authentication. What ALPN offers is not theirs to say. */
  readonly options: TlsOptions
  /** Of all processes that serve the same: a client may resume with one of them the session that it began with another. */
  readonly ticketSecret?: string | undefined
  /** Judges a client by its certificate once the handshake is done. Who is not admitted is cut off. */
  readonly admits?: ((socket: TLSSocket) => boolean) | undefined
  /** Told of a client with whom no handshake came about. */
  readonly failed?: ((socket: TLSSocket, error: NodeJS.ErrnoException) => void) | undefined
  /** Looks at a connection before TLS does, and hands it on unless it is its own. It bounds the time it takes for that. */
  readonly accept?: ((socket: Socket, next: (socket: Socket) => void) => void) | undefined
}

export interface ListenerLimits {
  /** Bytes of all headers of a request. */
  readonly headerSize: number
  /**
   * Open connections; 0 for no limit. One more is closed at once: Node cannot leave it waiting in the kernel's queue, and there a
   * client would not learn either why nothing happens.
   */
  readonly connections: number
}

/** All in milliseconds. */
export interface ListenerTimeouts {
  /** From the connection, or the first byte of a request, to the end of its headers; the TLS handshake has as much. */
  readonly header: number
  /** Without a request, after one. */
  readonly idle: number
  /** Between two looks whether a client of HTTP/2 is still there: see `http2-liveness.ts`. */
  readonly liveness: number
}

export const defaultLimits: ListenerLimits = {
  // Tokens alone can be larger than Node's 16 KiB.
  headerSize: 64 * 1024,
  connections: 0,
}

export const defaultTimeouts: ListenerTimeouts = {
  header: 30_000,
  // Longer than load balancers keep theirs (at most 600 s), so that it is they who close an idle connection.
  idle: 620_000,
  liveness: 30_000,
}

/** The options of each protocol, whole. */
export interface ProtocolOptions {
  readonly limits: ListenerLimits
  readonly timeouts: ListenerTimeouts
}
