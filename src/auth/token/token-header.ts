import { parseStrictJson } from '../../registry/strict-json.ts'
import { invalidToken } from './invalid-token.ts'
import { isAbsent, isListOfStrings, isObject, type JsonObject } from './json.ts'

/** What a token says of itself (RFC 7515, 4.1), believed by nobody yet. */
export interface TokenHeader {
  readonly algorithm: string
  /** Certificates; empty when there are none. */
  readonly x5c: readonly string[]
  readonly jwk: JsonObject | undefined
  readonly kid: string | undefined
}

/**
 * Reads a header. URLs in it (`jku`, `x5u`) are never looked at, and `typ` is not asked for.
 *
 * @param encoded the first part of a token
 * @throws Unauthorized
 */
export function parseTokenHeader(encoded: string): TokenHeader {
  const header = parse(encoded)
  const { alg, jwk, kid } = header
  if (typeof alg !== 'string') throw invalidToken('the token names no algorithm')
  // Extensions that must be understood (RFC 7515, 4.1.11): none is. An unencoded payload is forbidden (RFC 7797, 7).
  if (!isAbsent(header['crit']) || (!isAbsent(header['b64']) && header['b64'] !== true)) {
    throw invalidToken('the token needs an extension that is not supported')
  }
  if (!isAbsent(jwk) && !isObject(jwk)) throw invalidToken('the key in the header of the token is malformed')
  if (!isAbsent(kid) && typeof kid !== 'string') throw invalidToken('the key id of the token is malformed')
  return {
    algorithm: alg,
    x5c: certificatesOf(header),
    jwk: jwk ?? undefined,
    kid: kid === null || kid === '' ? undefined : kid,
  }
}

/**
 * The certificates of a header, or of a key in it; none when it has none.
 *
 * @throws Unauthorized
 */
export function certificatesOf({ x5c }: JsonObject): readonly string[] {
  if (isAbsent(x5c)) return []
  if (!isListOfStrings(x5c)) throw invalidToken('the chain of certificates is malformed')
  return x5c
}

function parse(encoded: string): JsonObject {
  let header: unknown
  try {
    header = parseStrictJson(Buffer.from(encoded, 'base64url'))
  } catch {
    throw invalidToken('the header of the token is malformed')
  }
  if (!isObject(header)) throw invalidToken('the header of the token is malformed')
  return header
}
