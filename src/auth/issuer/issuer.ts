import { randomBytes } from 'node:crypto'
import type * as Jose from 'jose'
import type { Log } from '../../registry/context.ts'
import { Unauthorized } from '../../registry/unauthorized.ts'
import { Scopes, type ResourceScope } from '../scope.ts'
import { readKey } from './signing-key-file.ts'
import { deriveKey, type SigningKey } from './signing-key.ts'
import { VerifiedTokens } from './verified-tokens.ts'

export interface IssuerOptions {
  /** `http.secret`: the key is derived from it, so that replicas that share it take each other's tokens. */
  readonly secret?: string
  /** Of this process: takes its place where there is none. */
  readonly processSecret: string
  /** PEM, a P-256 private key. Goes before both. */
  readonly keyFile?: string
  /** Issuer and audience of the tokens. */
  readonly service: string
  /** Milliseconds for which a token is good. Less than a minute is a minute: clients take that for the least. */
  readonly expires: number
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface IssuedToken {
  readonly token: string
  /** Seconds. */
  readonly expiresIn: number
  /** RFC 3339, UTC. */
  readonly issuedAt: string
}

/** What a token is issued for. */
export interface TokenGrant {
  /** Absent for whoever did not say who he is. */
  readonly name?: string
  /** Comes back when the token is verified; no one but us reads it. */
  readonly stamp?: string
  readonly scopes: readonly ResourceScope[]
}

/** What a token of our own says. */
export interface OwnToken {
  readonly name?: string
  readonly stamp?: string
  readonly scopes: Scopes
}

/** Seconds (Distribution's token specification: no client must expect less). */
const leastExpiry = 60

/** Seconds by which the clocks of replicas may differ. */
const leeway = 10

/** Characters. The largest that is issued, of the most and longest scopes, is smaller. */
const longestToken = 64 * 1024

/** Characters of all tokens that are remembered: some ten thousand. */
const remembered = 8 * 1024 * 1024

/** Bytes. A secret below that can be guessed from any token, with patience. */
const shortSecret = 16

/**
 * Makes Berth's own token service, without its HTTP.
 *
 * @throws Error of one line when the key file cannot be used
 */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const jose = await import('jose')
  const key = await keyOf(options)
  const id = await jose.calculateJwkThumbprint(key.publicKey.export({ format: 'jwk' }))
  return new Issuer(jose, key, id, options)
}

async function keyOf({ keyFile, secret, processSecret, log }: IssuerOptions): Promise<SigningKey> {
  if (keyFile !== undefined) return await readKey(keyFile)
  if (secret === undefined || secret === '') {
    log.warn({}, 'tokens end with this process, and no other replica takes them: http.secret is not set')
    return deriveKey(processSecret)
  }
  if (Buffer.byteLength(secret) < shortSecret)
    log.warn({}, 'http.secret is short: whoever guesses it can make tokens; use 16 random bytes or more')
  return deriveKey(secret)
}

/** Issues tokens, and takes back its own (ES256; Distribution's "Token Authentication Implementation"). */
export class Issuer {
  readonly service: string
  readonly #jose: typeof Jose
  readonly #key: SigningKey
  readonly #keyId: string
  /** Seconds. */
  readonly #expires: number
  /** Milliseconds since 1970. */
  readonly #now: () => number
  readonly #verified: VerifiedTokens<OwnToken>

  /** For `createIssuer`. */
  constructor(
    jose: typeof Jose,
    key: SigningKey,
    keyId: string,
    { service, expires, now = Date.now }: IssuerOptions,
  ) {
    this.service = service
    this.#jose = jose
    this.#key = key
    this.#keyId = keyId
    this.#expires = Math.max(leastExpiry, Math.floor(expires / 1000))
    this.#now = now
    this.#verified = new VerifiedTokens({ verify: (token) => this.#verify(token), size: remembered, now })
  }

  async issue({ name, stamp, scopes }: TokenGrant): Promise<IssuedToken> {
    const issuedAt = Math.floor(this.#now() / 1000)
    const claims = {
      iss: this.service,
      aud: this.service,
      ...(name !== undefined && { sub: name }),
      exp: issuedAt + this.#expires,
      nbf: issuedAt,
      iat: issuedAt,
      jti: randomBytes(16).toString('base64url'),
      access: scopes.map(({ type, name: resource, actions }) => ({ type, name: resource, actions })),
      ...(stamp !== undefined && { stamp }),
    }
    const token = await new this.#jose.SignJWT(claims)
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256', kid: this.#keyId })
      .sign(this.#key.privateKey)
    return { token, expiresIn: this.#expires, issuedAt: toRfc3339(issuedAt) }
  }

  /**
   * Takes back a token that this process, or one with the same key, has issued.
   *
   * @throws Unauthorized `invalid_token`
   */
  async verify(token: string): Promise<OwnToken> {
    try {
      return await this.#verified.get(token)
    } catch (cause) {
      throw new Unauthorized({ reason: 'invalid_token', cause })
    }
  }

  async #verify(token: string): Promise<{ value: OwnToken; until: number }> {
    if (token.length > longestToken) throw new Error('the token is too long')
    const { payload } = await this.#jose.jwtVerify(token, (header) => this.#publicKey(header), {
      algorithms: ['ES256'],
      issuer: this.service,
      audience: this.service,
      requiredClaims: ['exp', 'nbf', 'access'],
      clockTolerance: leeway,
      currentDate: new Date(this.#now()),
    })
    const { sub, stamp, access, exp = 0 } = payload
    const value: OwnToken = {
      scopes: new Scopes(toScopes(access)),
      ...(sub !== undefined && { name: sub }),
      ...(typeof stamp === 'string' && { stamp }),
    }
    return { value, until: (exp + leeway) * 1000 }
  }

  #publicKey({ kid }: { readonly kid?: string }): SigningKey['publicKey'] {
    if (kid !== this.#keyId) throw new Error('the token is signed with another key')
    return this.#key.publicKey
  }
}

function toRfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** The signature says that we wrote it; a later version may have written it otherwise. */
function toScopes(access: unknown): ResourceScope[] {
  if (!Array.isArray(access)) throw new Error('the access of the token is no list')
  return access.map((entry: unknown) => {
    if (!isScope(entry)) throw new Error('the access of the token is malformed')
    return entry
  })
}

function isScope(entry: unknown): entry is ResourceScope {
  if (typeof entry !== 'object' || entry === null) return false
  const { type, name, actions } = entry as Readonly<Record<string, unknown>>
  return (
    typeof type === 'string' &&
    typeof name === 'string' &&
    Array.isArray(actions) &&
    actions.every((action) => typeof action === 'string')
  )
}
