import { createSecretKey, sign, constants, createHmac, type KeyObject } from 'node:crypto'
import { makeKeyPair, type KeyPair } from '../support/key-pair.ts'

/** Keys and tokens for tests. Tokens are put together by hand, so that any of them can be made, the bad ones too. */

export type KeyKind = 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519'

export const keyKinds: readonly KeyKind[] = ['rsa', 'p256', 'p384', 'p521', 'ed25519']

/** The algorithm that each kind of key is mostly used by. */
export const usualAlgorithm: Readonly<Record<KeyKind, string>> = {
  rsa: 'RS256',
  p256: 'ES256',
  p384: 'ES384',
  p521: 'ES512',
  ed25519: 'EdDSA',
}

const curves = { p256: 'P-256', p384: 'P-384', p521: 'P-521' } as const

export function makeKeys(kind: KeyKind, rsaBits = 2048): KeyPair {
  if (kind === 'rsa') return makeKeyPair(rsaBits)
  if (kind === 'ed25519') return makeKeyPair('ed25519')
  return makeKeyPair(curves[kind])
}

/** One whose x or y begins with a zero byte, as one of 128 does. */
export function makeKeysWithLeadingZero(): KeyPair {
  for (;;) {
    const keys = makeKeys('p256')
    const { x = '', y = '' } = keys.publicKey.export({ format: 'jwk' })
    if ([x, y].some((coordinate) => Buffer.from(coordinate, 'base64url')[0] === 0)) return keys
  }
}

export type Content = Readonly<Record<string, unknown>>

/**
 * Signs a token.
 *
 * @param header its `alg` says how
 * @param claims a text is taken as it is
 */
export function signToken(key: KeyObject, header: Content, claims: Content | string): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signInput(key, String(header['alg']), input).toString('base64url')}`
}

export function encode(content: Content | string): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url')
}

export function signInput(key: KeyObject, algorithm: string, input: string): Buffer {
  const data = Buffer.from(input)
  const hash = `sha${algorithm.slice(2)}`
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return sign(hash, data, key)
    case 'PS': {
      const padding = constants.RSA_PKCS1_PSS_PADDING
      return sign(hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
    }
    case 'ES':
      return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
    case 'HS':
      return createHmac(hash, key).update(data).digest()
    default:
      return sign(null, data, key)
  }
}

export function secretKey(bytes: Buffer | string): KeyObject {
  return createSecretKey(Buffer.from(bytes))
}

/** Claims that are good for an hour. */
export function goodClaims(issuer: string, service: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    aud: service,
    sub: 'alice',
    exp: now + 3600,
    nbf: now - 5,
    iat: now - 5,
    jti: 'the id of this token',
    access: [{ type: 'repository', name: 'library/app', actions: ['pull'] }],
  }
}
