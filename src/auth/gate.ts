import type { Access, Caller } from '../registry/access.ts'
import type { Unauthorized } from '../registry/unauthorized.ts'

/** Finds out who sends a request, and tells who is turned away what would let him in. */
export interface Gate {
  /** @throws Unauthorized; RegistryError TOO_MANY_REQUESTS */
  admit(asking: Asking): Promise<Caller>
  /** The `WWW-Authenticate` of a 401 (RFC 9110, 11.6.1). */
  challenge(refused: Refused): string
  /** Absent where there are no tokens, or somebody else issues them. */
  readonly tokens?: TokenService
}

/** A request, as far as it says who sends it. */
export interface Asking {
  readonly authorization: string | undefined
  /** The address it comes from, as far as it can be relied on; undefined behind a unix socket. */
  readonly client: string | undefined
  /** Whether the password that it may hold came in the clear, as far as one can know. */
  readonly isEncrypted: () => boolean
  /** Whether `client` is a proxy's, which names another one and is not believed. */
  readonly hidesClient: () => boolean
}

export interface Refused {
  readonly accesses: readonly Access[]
  readonly reason: Unauthorized['reason']
  /** The URL of a path of this registry: absolute, unless nobody says by what name it was reached. */
  readonly ownUrl: (path: string) => string
  /** Scheme and authority by which the client reached the registry; the scheme is `unclaimed` where no proxy says one. */
  readonly origin: (unclaimed: string) => string
}

/** What `/auth/token` answers with (Distribution's "Docker Registry Token Authentication"). */
export interface TokenService {
  /** @throws Unauthorized; RegistryError TOO_MANY_REQUESTS, REQUEST_INVALID */
  answer(asking: Asking, query: URLSearchParams): Promise<object>
  /** Its own challenge. */
  readonly challenge: string
}
