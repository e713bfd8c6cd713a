import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** Looks without a byte from the client, after which it is taken for gone. It answers a PING even where it is slow to take a body. */
const patience = 4

/**
 * Ends connections whose client has vanished. Node does not: when a client is gone while much waits to be sent, neither session nor
 * socket tells of it, and the descriptor is never given back. To destroy the socket helps; to destroy the session does not.
 *
 * @param milliseconds between two looks
 */
export function watchLiveness(session: ServerHttp2Session, socket: Socket, milliseconds: number): void {
  let seen = -1
  let silent = 0
  const timer = setInterval(() => {
    const { bytesRead } = socket
    silent = bytesRead === seen ? silent + 1 : 0
    seen = bytesRead
    if (silent >= patience) socket.destroy()
    // False when one is under way already.
    else if (!session.destroyed) session.ping(() => {})
  }, milliseconds).unref()
  socket.once('close', () => clearInterval(timer))
}
