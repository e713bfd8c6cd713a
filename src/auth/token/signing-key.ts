import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { verifyChain } from './chain.ts'
import { invalidToken } from './invalid-token.ts'
import { isAbsent, type JsonObject } from './json.ts'
import { libtrustId } from './key-ids.ts'
import { certificatesOf, type TokenHeader } from './token-header.ts'
import { trust, type TrustedKey, type TrustedKeys } from './trusted-keys.ts'

export interface SigningKey extends TrustedKey {
  /** Milliseconds since 1970: until when it counts. Infinity: as long as it is trusted. */
  readonly validTo: number
}

/**
 * Finds the key that a token must be signed by, as Distribution 3 does: the key of its certificate if that is vouched for; else a
 * trusted key by its id. A bad chain is not made good by an id.
 *
 * @param now milliseconds since 1970
 * @throws Unauthorized
 */
export function signingKeyOf(header: TokenHeader, trusted: TrustedKeys, now: number): SigningKey {
  const { x5c, jwk, kid } = header
  if (x5c.length > 0) return vouchedKey(x5c, trusted, now)
  if (jwk !== undefined) return keyOfJwk(jwk, trusted, now)
  if (kid !== undefined) return keyById(kid, trusted)
  throw invalidToken('the token names no key')
}

/** The key in the header only says which one is meant: what is used is the one that is trusted, never the one that was sent. */
function keyOfJwk(jwk: JsonObject, trusted: TrustedKeys, now: number): SigningKey {
  const sent = publicKeyOf(jwk)
  const chain = certificatesOf(jwk)
  if (chain.length > 0) {
    const vouched = vouchedKey(chain, trusted, now)
    // RFC 7517, 4.7.
    if (!vouched.key.equals(sent)) throw invalidToken('the key in the header is not that of its certificate')
    return vouched
  }
  const { kid } = jwk
  if (!isAbsent(kid) && typeof kid !== 'string') throw invalidToken('the key in the header is malformed')
  // Without a name Distribution 2 knows it by what it is.
  return keyById(isAbsent(kid) || kid === '' ? libtrustId(sent) : kid, trusted)
}

function vouchedKey(chain: readonly string[], { certificates }: TrustedKeys, now: number): SigningKey {
  const { key, validTo } = verifyChain(chain, certificates, now)
  return { ...trust(key), validTo }
}

function keyById(id: string, { byId }: TrustedKeys): SigningKey {
  const trusted = byId.get(id)
  if (trusted === undefined) throw invalidToken('the key of the token is not trusted')
  return { ...trusted, validTo: Infinity }
}

/** RFC 7515, 4.1.3: a key in a header is public. */
function publicKeyOf(jwk: JsonObject): KeyObject {
  if (jwk['d'] !== undefined || jwk['kty'] === 'oct')
    throw invalidToken('the key in the header is not public')
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch {
    throw invalidToken('the key in the header is malformed')
  }
}
