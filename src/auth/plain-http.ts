import { isIP } from 'node:net'
import type { Log } from '../registry/context.ts'

/** A request that brings a password, as far as it matters here. */
export interface PasswordRequest {
  /** The address it comes from; undefined behind a unix socket. */
  readonly client: string | undefined
  /** Whether it came by TLS, to us or, as it says, to a proxy before us. */
  readonly isEncrypted: () => boolean
}

/**
 * Warns, once, of passwords that came in the clear over a network: whoever listens there has them.
 *
 * @returns to be told of each request with a password; to be made once for the process, for reloads must not warn anew
 */
export function plainHttpWarning(log: Log): (request: PasswordRequest) => void {
  let isWarned = false
  return ({ client, isEncrypted }) => {
    if (isWarned || client === undefined || isLoopback(client) || isEncrypted()) return
    isWarned = true
    log.warn(
      { client },
      'passwords come over plain http: set http.tls, or have the proxy that ends tls send x-forwarded-proto',
    )
  }
}

function isLoopback(address: string): boolean {
  // IPv4 has a whole network of them, and IPv6 has a form for each of those.
  const plain = address.replace(/^::ffff:/i, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}
