import { parseStrictJson } from '../../registry/strict-json.ts'
import { Scopes, type ResourceScope } from '../scope.ts'
import { invalidToken } from './invalid-token.ts'
import { isAbsent, isListOfStrings, isObject, type JsonObject } from './json.ts'

/** Milliseconds by which clocks may differ; Distribution's. */
const leeway = 60_000

export interface ClaimsOptions {
  readonly issuer: string
  /** One of the audience. */
  readonly service: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What a token says. */
export interface CheckedClaims {
  /** `sub`; absent when it is empty. */
  readonly name?: string
  /** All of them but `access`, which the scopes are. Has no prototype: a name that is not claimed is not there. */
  readonly claims: JsonObject
  readonly scopes: Scopes
  /** Milliseconds since 1970: until when it counts. */
  readonly validTo: number
}

/**
 * Reads and checks the claims of a token (RFC 7519, 4.1) as Distribution 3 does.
 *
 * @param payload of a token whose signature is good
 * @throws Unauthorized
 */
export function checkClaims(payload: Uint8Array, { issuer, service, now }: ClaimsOptions): CheckedClaims {
  const { access, ...claims } = parse(payload)
  const { sub, iss, aud } = claims
  for (const claim of [sub, iss, claims['jti']]) {
    if (!isAbsent(claim) && typeof claim !== 'string') throw invalidToken('a claim is not text')
  }
  const expires = secondsOf(claims['exp'])
  const notBefore = secondsOf(claims['nbf'])
  secondsOf(claims['iat'])
  if (iss !== issuer) throw invalidToken('the token is by another issuer')
  if (!audienceOf(aud).includes(service)) throw invalidToken('the token is for another audience')
  // An end is needed: without one it was in 1970, as in Distribution.
  const validTo = expires * 1000 + leeway
  if (now > validTo) throw invalidToken('the token has expired')
  if (now < notBefore * 1000 - leeway) throw invalidToken('the token is not valid yet')
  return {
    ...(typeof sub === 'string' && sub !== '' && { name: sub }),
    claims: Object.freeze(Object.assign(Object.create(null) as JsonObject, claims)),
    scopes: new Scopes(scopesOf(access)),
    validTo,
  }
}

function parse(payload: Uint8Array): JsonObject {
  let claims: unknown
  try {
    claims = parseStrictJson(payload)
  } catch {
    throw invalidToken('the claims of the token are malformed')
  }
  if (!isObject(claims)) throw invalidToken('the claims of the token are malformed')
  return claims
}

/** Seconds since 1970. */
function secondsOf(claim: unknown): number {
  if (isAbsent(claim)) return 0
  if (typeof claim !== 'number' || !Number.isInteger(claim))
    throw invalidToken('a time in the token is no integer')
  return claim
}

function audienceOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim]
  if (isAbsent(claim)) return []
  if (!isListOfStrings(claim)) throw invalidToken('the audience of the token is malformed')
  return claim
}

function scopesOf(access: unknown): readonly ResourceScope[] {
  if (isAbsent(access)) return []
  if (!Array.isArray(access)) throw malformedAccess()
  return access.map(scopeOf)
}

/** A class, such as `plugin`, does not matter for what is allowed. */
function scopeOf(entry: unknown): ResourceScope {
  if (!isObject(entry)) throw malformedAccess()
  const { actions } = entry
  if (!isAbsent(entry['class']) && typeof entry['class'] !== 'string') throw malformedAccess()
  if (!isAbsent(actions) && !isListOfStrings(actions)) throw malformedAccess()
  return { type: textOf(entry['type']), name: textOf(entry['name']), actions: actions ?? [] }
}

function textOf(value: unknown): string {
  if (isAbsent(value)) return ''
  if (typeof value !== 'string') throw malformedAccess()
  return value
}

function malformedAccess(): Error {
  return invalidToken('what the token allows is malformed')
}
