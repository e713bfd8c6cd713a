import type { TLSSocket } from 'node:tls'
import type { ClientAuth } from './policy.ts'

/**
 * Why a client is not let in, or undefined when it is: Go's modes, which Node knows but in part. To be asked for each connection of
 * a server with client authorities, once the handshake is done and before anything is read; also when a session was resumed, in
 * which the client's certificate and what became of its verification are remembered.
 *
 * @param now milliseconds since 1970
 */
export function clientRefusal(
  socket: Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate'>,
  clientAuth: ClientAuth,
  now: number = Date.now(),
): string | undefined {
  if (clientAuth === 'request-client-cert') return undefined
  // The certificate itself must be looked for: Node calls a resumed session of TLS 1.3 authorized without one.
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined)
    return clientAuth === 'verify-client-cert-if-given' ? undefined : 'no certificate'
  if (clientAuth === 'require-any-client-cert') return undefined
  // Node gives the code of the failure, whatever its types say.
  if (!socket.authorized) return String(socket.authorizationError)
  // It was valid when the session began; like Go, a session does not outlive it.
  return Date.parse(certificate.validTo) < now ? 'CERT_HAS_EXPIRED' : undefined
}
