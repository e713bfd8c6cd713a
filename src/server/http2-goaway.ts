import { constants, type Http2Session } from 'node:http2'

/** Any stream's number is below. */
const anyStream = 2 ** 31 - 1

/** Milliseconds that a client has to answer. */
const longestRoundTrip = 1_000

/**
 * Closes a connection without losing a request (RFC 9113, 6.8): first the client learns that it is to begin no more streams; when what
 * it sent before it knew has come, it learns which streams were the last. Those go on to their end.
 *
 * @param whenTold called when no more streams can begin
 */
export function closeGracefully(session: Http2Session, whenTold: () => void): void {
  if (session.closed || session.destroyed) return
  session.goaway(constants.NGHTTP2_NO_ERROR, anyStream)
  const finish = (): void => {
    clearTimeout(timer)
    if (session.destroyed) return
    session.close()
    whenTold()
  }
  const timer = setTimeout(finish, longestRoundTrip)
  session.once('close', () => clearTimeout(timer))
  // The client answers in the order in which it reads.
  if (!session.ping(finish)) finish()
}
