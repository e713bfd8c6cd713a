import type { Subject } from '../access/rule.ts'
import type { Caller } from '../registry/access.ts'
import { Unauthorized } from '../registry/unauthorized.ts'
import { byScopes, unlimited } from './callers.ts'
import { bearerChallenge, scopesOf } from './challenge.ts'
import { parseCredentials } from './credentials.ts'
import type { Asking, Gate, Refused } from './gate.ts'
import type { Rights } from './rights.ts'
import type { TokenVerifier } from './token/token-verifier.ts'

export interface TokenGateOptions {
  readonly realm: string
  readonly service: string
  /** The path of the token server on the host that the client asked; absent: it is at the realm. */
  readonly redirectPath: string | undefined
  readonly verifier: TokenVerifier
  /** Absent: a token's scopes are all that counts. With them, both must allow. */
  readonly rights: Rights | undefined
}

/** Lets in with tokens that somebody else issues (`auth.token`). */
export class TokenGate implements Gate {
  readonly #options: TokenGateOptions

  constructor(options: TokenGateOptions) {
    this.#options = options
  }

  async admit({ authorization }: Asking): Promise<Caller> {
    const { verifier, rights } = this.#options
    const credentials = parseCredentials(authorization)
    if (credentials.kind === 'none' && rights?.policy.hasAnonymous === true) return await rights.caller({})
    if (credentials.kind !== 'bearer') throw new Unauthorized()
    const { name, claims, scopes } = await verifier.verify(credentials.token)
    const subject: Subject = name === undefined ? { claims } : { name, claims }
    return byScopes(scopes, rights === undefined ? unlimited(name) : await rights.caller(subject))
  }

  challenge({ accesses, reason, origin }: Refused): string {
    const { realm, service, redirectPath } = this.#options
    return bearerChallenge({
      // Without a word of a proxy it is https, as in Distribution.
      realm: redirectPath === undefined ? realm : origin('https') + redirectPath,
      service,
      scopes: scopesOf(accesses),
      ...(reason !== undefined && { error: reason }),
    })
  }
}
