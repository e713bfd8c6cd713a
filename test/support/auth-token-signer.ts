import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, SignJWT, type JWTHeaderParameters } from 'jose'
import { makeCertificate, type Issued } from '../tls/certificates.ts'

/** Tokens as Distribution's "Token Authentication Implementation" describes them, by RS256, whole or with one flaw. */

export interface SignerOptions {
  readonly issuer: string
  readonly service: string
  /** How a token names its key. Default: `x5c`, its certificate. */
  readonly key?: 'x5c' | 'kid'
}

/** What can be wrong with a token. */
export type Flaw = 'expired' | 'not yet valid' | 'wrong audience' | 'wrong issuer' | 'unknown key'

export interface Grant {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

export interface TokenContent {
  readonly user: string | undefined
  readonly access: readonly Grant[]
  readonly flaw: Flaw | undefined
}

export interface Signer {
  /** What a registry must be told to trust it: keys of `auth.token`. */
  readonly settings: Readonly<Record<string, string>>
  sign(content: TokenContent): Promise<string>
}

/** Of a token, in seconds. */
export const lifetime = 300

/** Makes the keys and writes what a registry trusts into the folder. Needs `openssl`. */
export async function createSigner(folder: string, options: SignerOptions): Promise<Signer> {
  const trusted = await makeCertificate(folder, { name: 'trusted', key: 'rsa' })
  const unknown = await makeCertificate(folder, { name: 'unknown', key: 'rsa' })
  const byId = options.key === 'kid'
  return {
    settings: byId ? { jwks: await writeKeySet(folder, trusted) } : { rootcertbundle: trusted.certificate },
    sign: async (content) => {
      const { certificate, key } = content.flaw === 'unknown key' ? unknown : trusted
      const header: JWTHeaderParameters = { typ: 'JWT', alg: 'RS256' }
      if (byId) header.kid = content.flaw === 'unknown key' ? 'not one of ours' : keyId
      else header.x5c = [readFileSync(certificate, 'utf8').replaceAll(/-----[^-]+-----|\s/g, '')]
      const signature = new SignJWT(claims(options, content)).setProtectedHeader(header)
      return await signature.sign(createPrivateKey(readFileSync(key)))
    },
  }
}

/** One that no registry can compute from the key. */
const keyId = 'the key of this test'

async function writeKeySet(folder: string, { certificate }: Issued): Promise<string> {
  const file = join(folder, 'jwks.json')
  const key = await exportJWK(createPublicKey(readFileSync(certificate)))
  writeFileSync(file, JSON.stringify({ keys: [{ ...key, kid: keyId, use: 'sig', alg: 'RS256' }] }))
  return file
}

function claims(
  { issuer, service }: SignerOptions,
  { user, access, flaw }: TokenContent,
): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  // Registries forgive a minute.
  const from = flaw === 'expired' ? now - lifetime - 120 : flaw === 'not yet valid' ? now + 120 : now
  return {
    iss: flaw === 'wrong issuer' ? `not ${issuer}` : issuer,
    aud: flaw === 'wrong audience' ? `not ${service}` : service,
    sub: user ?? '',
    iat: from,
    nbf: from,
    exp: from + lifetime,
    jti: randomUUID(),
    access,
  }
}
