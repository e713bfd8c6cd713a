import { createHmac, createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Makes JSON Web Tokens by hand: also those that no library would sign. */

export interface TokenParts {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Something that a token gives the right for, as Distribution writes it. */
export interface GrantedAccess {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
  readonly class?: string
}

/** Signs with an EC key on P-256 (ES256) or an RSA key (RS256), whatever the header says. */
export function signToken({ header, claims }: TokenParts, key: KeyObject): string {
  const text = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/** Signs with HMAC, whatever the header says. */
export function signWithSecret({ header, claims }: TokenParts, secret: string | Buffer): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** Signs nothing. */
export function unsignedToken({ header, claims }: TokenParts): string {
  return `${encode(header)}.${encode(claims)}.`
}

/** What a token holds, unchecked. */
export function readToken(token: string): TokenParts {
  const [header = '', claims = ''] = token.split('.')
  return { header: decode(header), claims: decode(claims) }
}

export function readPrivateKey(file: string): KeyObject {
  return createPrivateKey(readFileSync(file))
}

/** A certificate, or several, as `x5c` has them (RFC 7515, 4.1.6). */
export function x5cOf(pem: string): readonly string[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)
  return [...blocks].map(([, body = '']) => body.replaceAll(/\s/g, ''))
}

export interface ClaimOptions {
  readonly issuer: string
  readonly audience: unknown
  readonly subject?: string
  readonly access?: readonly GrantedAccess[]
  /** Seconds from now. */
  readonly expiresIn?: number
}

/** The claims of a sound token; whoever wants another one spreads them. */
export function claimsOf(options: ClaimOptions): Readonly<Record<string, unknown>> {
  const { issuer, audience, subject = 'somebody', access = [], expiresIn = 300 } = options
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    sub: subject,
    aud: audience,
    exp: now + expiresIn,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Readonly<Record<string, unknown>>
}
