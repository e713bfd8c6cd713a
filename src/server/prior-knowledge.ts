import type { Socket } from 'node:net'

/** What a client that knows that we speak HTTP/2 begins with (RFC 9113, 3.4); no request of HTTP/1.1 does. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Finds out by its first bytes which protocol an unencrypted connection speaks. The bytes stay in the socket, for the protocol
 * to read.
 *
 * @param timeout milliseconds in which the client must have said so much; else it is cut off
 * @param whenKnown called at most once
 */
export function detectHttp2(socket: Socket, timeout: number, whenKnown: (isHttp2: boolean) => void): void {
  const timer = setTimeout(() => socket.destroy(), timeout)
  const chunks: Buffer[] = []
  const settle = (isHttp2: boolean): void => {
    socket.off('readable', look)
    socket.unshift(Buffer.concat(chunks))
    whenKnown(isHttp2)
  }
  const look = (): void => {
    for (;;) {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      chunks.push(chunk)
      const begun = Buffer.concat(chunks).subarray(0, preface.length)
      const isHttp2 = begun.equals(preface.subarray(0, begun.length))
      if (isHttp2 && begun.length < preface.length) continue
      clearTimeout(timer)
      settle(isHttp2)
      return
    }
  }
  socket.on('readable', look)
  // A connection on which nobody asks anything.
  socket.once('end', () => {
    if (socket.listenerCount('readable') > 0) socket.destroy()
  })
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', () => {})
}
