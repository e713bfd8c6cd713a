import { checkClaims, type CheckedClaims } from './claims.ts'
import { invalidToken } from './invalid-token.ts'
import { signingKeyOf } from './signing-key.ts'
import { parseTokenHeader } from './token-header.ts'
import type { TrustedKeys } from './trusted-keys.ts'

export interface TokenRules {
  readonly issuer: string
  readonly service: string
  readonly algorithms: ReadonlySet<string>
}

/** Characters: what fits in a header. */
const longestToken = 64 * 1024

/** RFC 7515, 7.1, without padding; a token without a signature is none. */
const compact = /^([\w-]+)\.[\w-]+\.[\w-]+$/

/**
 * Checks one token, from its form to what it claims.
 *
 * @param now milliseconds since 1970
 * @throws Unauthorized
 */
export async function checkToken(
  token: string,
  keys: TrustedKeys,
  { issuer, service, algorithms }: TokenRules,
  now: number,
): Promise<CheckedClaims> {
  if (token.length > longestToken) throw invalidToken('the token is too long')
  const [, encodedHeader] = compact.exec(token) ?? []
  if (encodedHeader === undefined) throw invalidToken('the token is malformed')
  const header = parseTokenHeader(encodedHeader)
  if (!algorithms.has(header.algorithm)) throw invalidToken('the algorithm of the token is not accepted')
  const signingKey = signingKeyOf(header, keys, now)
  if (!signingKey.algorithms.includes(header.algorithm)) {
    throw invalidToken('the key of the token is not for its algorithm')
  }
  const { compactVerify } = await import('jose')
  let payload: Uint8Array
  try {
    ;({ payload } = await compactVerify(token, signingKey.key, { algorithms: [header.algorithm] }))
  } catch {
    throw invalidToken('the signature of the token is wrong')
  }
  const checked = checkClaims(payload, { issuer, service, now })
  return { ...checked, validTo: Math.min(checked.validTo, signingKey.validTo) }
}
