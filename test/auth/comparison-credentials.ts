import { createPublicKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hash } from 'bcrypt'
import { seeded } from '../corpus/seed-store.ts'
import { makeCertificate } from '../tls/certificates.ts'
import type { Presented } from './comparison.ts'
import { basic, cheapCost } from './htpasswd-file.ts'
import {
  claimsOf,
  readPrivateKey,
  signToken,
  signWithSecret,
  unsignedToken,
  x5cOf,
  type GrantedAccess,
} from './signed-token.ts'

/** A hash without the name of its version. */
async function hashOf(password: string): Promise<string> {
  return (await hash(password, cheapCost)).slice(4)
}

/** A password file of all that such files hold in the world. */
export async function manifoldPasswords(): Promise<string> {
  return [
    '# passwords of a team',
    '',
    `docker:$2y$${await hashOf('secret')}`,
    `version-a:$2a$${await hashOf('secret')}`,
    `version-b:$2b$${await hashOf('secret')}`,
    `  spaced:$2y$${await hashOf('secret')}  `,
    `twice:$2y$${await hashOf('first')}`,
    `twice:$2y$${await hashOf('second')}`,
    `colon:$2y$${await hashOf('a:b')}`,
    `nothing:$2y$${await hashOf('')}`,
    `jörg:$2y$${await hashOf('pässwörd')}`,
    `long:$2y$${await hashOf('x'.repeat(72))}`,
    // Apache's other kinds: MD5, SHA-1, and none at all.
    'apache:$apr1$0123abcd$wO9hjbIKnwCoRZFbsMXKr.',
    'sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
    'plain:secret',
    'broken:$2y$04$tooshort',
    '',
  ].join('\n')
}

/** What is tried with `manifoldPasswords`, beside no header at all and the right password. */
export const presentedPasswords: readonly Presented[] = [
  { name: 'version a', value: basic('version-a', 'secret') },
  { name: 'version b', value: basic('version-b', 'secret') },
  { name: 'spaced line', value: basic('spaced', 'secret') },
  { name: 'first of two', value: basic('twice', 'first') },
  { name: 'second of two', value: basic('twice', 'second') },
  { name: 'password with a colon', value: basic('colon', 'a:b') },
  { name: 'empty password', value: basic('nothing', '') },
  { name: 'empty password of somebody else', value: basic('docker', '') },
  { name: 'UTF-8', value: basic('jörg', 'pässwörd') },
  { name: 'another Unicode form', value: basic('jo\u0308rg', 'pässwörd') },
  { name: '72 bytes', value: basic('long', 'x'.repeat(72)) },
  { name: '71 bytes', value: basic('long', 'x'.repeat(71)) },
  { name: 'MD5', value: basic('apache', 'secret') },
  { name: 'SHA-1', value: basic('sha', 'secret') },
  { name: 'plain', value: basic('plain', 'secret') },
  { name: 'broken hash', value: basic('broken', 'secret') },
  { name: 'comment', value: basic('# passwords of a team', '') },
  { name: 'no user', value: basic('', 'secret') },
  { name: 'user in capitals', value: basic('DOCKER', 'secret') },
  { name: 'lower-case scheme', value: basic('docker', 'secret').replace('Basic', 'basic') },
  { name: 'no scheme', value: basic('docker', 'secret').slice('Basic '.length) },
  { name: 'no colon', value: `Basic ${Buffer.from('docker').toString('base64')}` },
  { name: 'no base64', value: 'Basic !!!' },
  { name: 'Basic alone', value: 'Basic' },
  { name: 'no padding', value: `Basic ${Buffer.from('docker:secret').toString('base64url')}` },
  { name: 'two spaces', value: basic('docker', 'secret').replace(' ', '  ') },
  { name: 'Bearer', value: 'Bearer abc' },
  { name: 'Digest', value: 'Digest username="docker"' },
  { name: 'empty header', value: '' },
]

const service = 'registry.example.com'
const issuer = 'auth.example.com'

export interface TokenSurroundings {
  /** `auth.token` of the configuration. */
  readonly config: Readonly<Record<string, unknown>>
  readonly valid: Presented
  readonly withoutAccess: Presented
  /** One thing wrong with each of them, or out of the ordinary. */
  readonly variants: readonly Presented[]
}

/** Makes keys, certificates and tokens for somebody else's token server. `x5c`, for both generations know it. */
export async function tokenSurroundings(folder: string): Promise<TokenSurroundings> {
  const root = await makeCertificate(folder, { name: 'issuer', use: 'authority' })
  const signer = await makeCertificate(folder, { name: 'signer', issuer: root, use: 'client' })
  const stranger = await makeCertificate(folder, { name: 'stranger', use: 'client' })
  const key = readPrivateKey(signer.key)
  const strangerKey = readPrivateKey(stranger.key)
  const header = { typ: 'JWT', alg: 'ES256', x5c: chainOf(signer.certificate) }
  const all: GrantedAccess = { type: 'repository', name: seeded.name, actions: ['pull', 'push', 'delete'] }
  const { name } = seeded

  const token = (
    changed: { readonly header?: object; readonly claims?: object } = {},
    by: KeyObject = key,
  ): string =>
    signToken(
      {
        header: { ...header, ...changed.header },
        claims: { ...claimsOf({ issuer, audience: service, access: [all] }), ...changed.claims },
      },
      by,
    )
  const claims = (value: object): string => token({ claims: value })
  const now = Math.floor(Date.now() / 1000)
  const plain = { header, claims: claimsOf({ issuer, audience: service, access: [all] }) }
  const publicKey = new X509Certificate(readFileSync(signer.certificate)).publicKey

  const tokens: Readonly<Record<string, string>> = {
    expired: claims({ exp: now - 120 }),
    'expired within the leeway': claims({ exp: now - 30 }),
    'without an end': claims({ exp: undefined }),
    'end as text': claims({ exp: String(now + 300) }),
    'not yet valid': claims({ nbf: now + 120 }),
    'not yet valid within the leeway': claims({ nbf: now + 30 }),
    'without a beginning': claims({ nbf: undefined }),
    'another issuer': claims({ iss: 'elsewhere.example.com' }),
    'another audience': claims({ aud: 'elsewhere.example.com' }),
    'several audiences': claims({ aud: ['elsewhere.example.com', service] }),
    'without an audience': claims({ aud: undefined }),
    'without a subject': claims({ sub: '' }),
    'without typ': token({ header: { typ: undefined } }),
    'pull alone': claims({ access: [{ ...all, actions: ['pull'] }] }),
    'push alone': claims({ access: [{ ...all, actions: ['push'] }] }),
    'every action': claims({ access: [{ ...all, actions: ['*'] }] }),
    'two entries': claims({ access: [{ ...all, actions: ['push'] }, all] }),
    'another repository': claims({ access: [{ ...all, name: 'other/app' }] }),
    'repository with a class': claims({ access: [{ ...all, class: 'image' }] }),
    'access that is no list': claims({ access: 'all' }),
    'access of null': claims({ access: null }),
    'another key': token({}, strangerKey),
    'certificate of a stranger': token({ header: { x5c: chainOf(stranger.certificate) } }, strangerKey),
    'certificate of a stranger before the right one': token(
      { header: { x5c: [...chainOf(stranger.certificate), ...chainOf(signer.certificate)] } },
      strangerKey,
    ),
    'no key': token({ header: { x5c: undefined } }),
    'unknown kid': token({ header: { x5c: undefined, kid: '../../etc/passwd' } }),
    'key of its own': token(
      { header: { x5c: undefined, jwk: createPublicKey(strangerKey).export({ format: 'jwk' }) } },
      strangerKey,
    ),
    'alg none': unsignedToken({ ...plain, header: { ...header, alg: 'none' } }),
    'alg none, signed': token({ header: { alg: 'none' } }),
    'no signature': unsignedToken(plain),
    'HMAC with the public key': signWithSecret(
      { ...plain, header: { ...header, alg: 'HS256' } },
      publicKey.export({ format: 'pem', type: 'spki' }),
    ),
    'no token': randomBytes(30).toString('base64url'),
    'two parts': token().split('.').slice(0, 2).join('.'),
    'four parts': `${token()}.abc`,
  }
  return {
    config: { realm: 'https://auth.example.com/token', service, issuer, rootcertbundle: root.certificate },
    valid: {
      name: 'valid',
      value: `Bearer ${claims({ access: [all, { ...all, name: 'absent/app' }, { ...all, name: 'other/app' }, { type: 'registry', name: 'catalog', actions: ['*'] }] })}`,
    },
    withoutAccess: { name: 'without access', value: `Bearer ${claims({ access: [] })}` },
    variants: [
      ...Object.entries(tokens).map(([what, value]) => ({ name: what, value: `Bearer ${value}` })),
      { name: 'lower-case scheme', value: `bearer ${token()}` },
      { name: 'two spaces', value: `Bearer  ${token()}` },
      { name: 'a word more', value: `Bearer ${token()} more` },
      { name: 'Bearer alone', value: 'Bearer' },
      { name: 'Basic', value: basic('docker', 'secret') },
      { name: 'empty header', value: '' },
      { name: `token for ${name} as Basic`, value: basic('token', token()) },
    ],
  }
}

function chainOf(file: string): readonly string[] {
  return x5cOf(readFileSync(file, 'utf8'))
}

/** What `silly` lets in: whatever there is. */
export const presentedAnything: readonly Presented[] = [
  { name: 'a word', value: 'seriously, anything' },
  { name: 'Basic', value: basic('docker', 'secret') },
  { name: 'Bearer', value: 'Bearer abc' },
  { name: 'empty header', value: '' },
]
