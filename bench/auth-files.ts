import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { basic, htpasswdFile } from '../test/auth/htpasswd-file.ts'
import { claimsOf, readPrivateKey, signToken } from '../test/auth/signed-token.ts'
import { makeCertificate } from '../test/tls/certificates.ts'
import type { ContenderId, Serving } from './contenders.ts'
import type { Seed } from './seed.ts'

/** How a server asks who somebody is. */
export type Asks = 'htpasswd' | 'token'

/** What servers that ask are given, and what load programs say. */
export interface AuthFiles {
  readonly config: Readonly<Record<Asks, NonNullable<Serving['config']>>>
  /** The `Authorization` header that lets in. */
  header(asks: Asks, contender: ContenderId): string
}

/** What `htpasswd -B` of a cautious administrator makes. */
const cost = 10
const issuer = 'bench'
const service = 'registry'
/** Seconds: a whole bench. */
const expiresIn = 24 * 3600

/** Makes a password file of one user, and a token server's certificate (RSA, as most have) with a token for the seeded image. */
export async function makeAuthFiles(below: string, { repository }: Seed): Promise<AuthFiles> {
  const password = 'correct horse battery staple'
  const path = join(below, 'htpasswd')
  writeFileSync(path, await htpasswdFile({ bench: password }, cost))
  const signer = await makeCertificate(below, { name: 'token-server', use: 'authority', key: 'rsa' })
  const key = readPrivateKey(signer.key)
  const access = [{ type: 'repository', name: repository, actions: ['pull'] }]
  const claims = claimsOf({ issuer, audience: service, access, expiresIn })
  const tokenWith = (kid: string): string =>
    signToken({ header: { typ: 'JWT', alg: 'RS256', kid }, claims }, key)
  const realm = 'https://auth.example.com/token'
  return {
    config: {
      htpasswd: { auth: { htpasswd: { realm: 'bench', path } } },
      token: { auth: { token: { realm, service, issuer, rootcertbundle: signer.certificate } } },
    },
    header: (asks, contender) => {
      if (asks === 'htpasswd') return basic('bench', password)
      return `Bearer ${tokenWith(contender === 'distribution2' ? libtrustId(key) : thumbprint(key))}`
    },
  }
}

/** RFC 7638, which version 3 knows keys by. */
function thumbprint(key: KeyObject): string {
  const { e, kty, n } = createPublicKey(key).export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url')
}

/** What version 2 knows keys by: 30 bytes of a hash, in base32 (RFC 4648, 6), in groups of four. */
function libtrustId(key: KeyObject): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const bits = [...createHash('sha256').update(der).digest().subarray(0, 30)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join('')
  return (letters.match(/.{4}/g) ?? []).join(':')
}
