import { idsOf, libtrustId } from '../../src/auth/token/key-ids.ts'
import { issue, toX5c, type Issued } from './token-certificates.ts'
import { chainRows } from './token-chain-rows.ts'
import { claimRows, scopeRows } from './token-claim-rows.ts'
import { headerRows } from './token-header-rows.ts'
import {
  keyKinds,
  makeKeys,
  makeKeysWithLeadingZero,
  secretKey,
  signToken,
  usualAlgorithm,
  type Content,
  type KeyKind,
} from './token-keys.ts'
import { good, type Row } from './token-row.ts'

/** Whom the registries trust, and the tokens. */
export interface Table {
  readonly certificates: readonly Issued[]
  /** Those of them whose keys Distribution 2 can read. */
  readonly oldCertificates: readonly Issued[]
  readonly keySet: readonly object[]
  readonly rows: readonly Row[]
}

const algorithmsOfRsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

export async function makeTable(): Promise<Table> {
  const root = issue({ name: 'root', keys: makeKeys('p256'), authority: true, keyUsage: 0x06 })
  const signers = new Map(keyKinds.map((kind) => [kind, issue({ name: kind, keys: makeKeys(kind) })]))
  const signer = (kind: KeyKind): Issued => signers.get(kind) ?? root
  const chains = chainRows(root)
  const padded = issue({ name: 'padded', keys: makeKeysWithLeadingZero() })
  const published = makeKeys('p256')
  const unnamed = makeKeys('p384')
  const secret = Buffer.alloc(32, 1)
  const certificates = [root, padded, ...signers.values(), ...chains.trusted]
  return {
    certificates,
    oldCertificates: certificates.filter(({ keys }) => keys.publicKey.asymmetricKeyType !== 'ed25519'),
    keySet: [
      { ...published.publicKey.export({ format: 'jwk' }), kid: 'published', alg: 'ES256', use: 'sig' },
      { ...unnamed.publicKey.export({ format: 'jwk' }) },
      { kty: 'oct', k: secret.toString('base64url'), kid: 'secret' },
    ],
    rows: [
      ...(await keyRows(root, signer)),
      ...(await paddedRows(padded)),
      ...publishedRows(published, unnamed, secret),
      ...claimRows(signer('p256')),
      ...scopeRows(signer('p256')),
      ...(await headerRows(signer('p256'), signer('rsa'))),
      ...chains.rows,
    ],
  }
}

async function keyRows(root: Issued, signerOf: (kind: KeyKind) => Issued): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const kind of keyKinds) {
    const signer = signerOf(kind)
    const { publicKey, privateKey } = signer.keys
    const jwk = publicKey.export({ format: 'jwk' })
    const leaf = issue({ name: 'leaf', keys: signer.keys, issuer: root })
    const libtrust = libtrustId(publicKey)
    // The last one is Distribution's, where there are two.
    const thumbprint = (await idsOf(publicKey)).at(-1)
    const names: Readonly<Record<string, Content>> = {
      'x5c, trusted itself': { x5c: toX5c(signer) },
      'x5c, one below': { x5c: toX5c(leaf) },
      'x5c, with its root': { x5c: toX5c(leaf, root) },
      'kid, thumbprint': { kid: thumbprint },
      'kid, libtrust': { kid: libtrust },
      'jwk alone': { jwk },
      'jwk with kid, thumbprint': { jwk: { ...jwk, kid: thumbprint } },
      'jwk with kid, libtrust': { jwk: { ...jwk, kid: libtrust } },
      'jwk with x5c': { jwk: { ...jwk, x5c: toX5c(leaf) } },
    }
    for (const alg of kind === 'rsa' ? algorithmsOfRsa : [usualAlgorithm[kind]]) {
      for (const [name, header] of Object.entries(names)) {
        const token = signToken(privateKey, { typ: 'JWT', alg, ...header }, good())
        rows.push({ name: `key: ${kind} ${alg}, ${name}`, token })
      }
    }
  }
  return rows
}

async function paddedRows({ keys }: Issued): Promise<readonly Row[]> {
  const [, full, stripped] = await idsOf(keys.publicKey)
  const token = (kid: string | undefined): string => signToken(keys.privateKey, { alg: 'ES256', kid }, good())
  return [
    { name: 'zeros: thumbprint of the whole coordinates', token: token(full) },
    { name: 'zeros: thumbprint without them', token: token(stripped) },
  ]
}

function publishedRows(
  published: ReturnType<typeof makeKeys>,
  unnamed: ReturnType<typeof makeKeys>,
  secret: Buffer,
): readonly Row[] {
  const jwk = published.publicKey.export({ format: 'jwk' })
  const unnamedJwk = unnamed.publicKey.export({ format: 'jwk' })
  const sign = (header: Content, keys = published): string => signToken(keys.privateKey, header, good())
  return [
    { name: 'jwks: by kid', token: sign({ alg: 'ES256', kid: 'published' }) },
    { name: 'jwks: by jwk with kid', token: sign({ alg: 'ES256', jwk: { ...jwk, kid: 'published' } }) },
    { name: 'jwks: by a kid of other letters', token: sign({ alg: 'ES256', kid: 'Published' }) },
    { name: 'jwks: by libtrust id', token: sign({ alg: 'ES256', kid: libtrustId(published.publicKey) }) },
    { name: 'jwks: another key by that kid', token: sign({ alg: 'ES384', kid: 'published' }, unnamed) },
    { name: 'jwks: without kid, by jwk', token: sign({ alg: 'ES384', jwk: unnamedJwk }, unnamed) },
    { name: 'jwks: without kid, by an empty one', token: sign({ alg: 'ES384', kid: '' }, unnamed) },
    {
      name: 'jwks: without kid, by libtrust id',
      token: sign({ alg: 'ES384', kid: libtrustId(unnamed.publicKey) }, unnamed),
    },
    {
      name: 'jwks: secret',
      token: signToken(secretKey(secret), { alg: 'HS256', kid: 'secret' }, good()),
    },
    {
      name: 'jwks: wrong secret',
      token: signToken(secretKey('guess'), { alg: 'HS256', kid: 'secret' }, good()),
    },
  ]
}
