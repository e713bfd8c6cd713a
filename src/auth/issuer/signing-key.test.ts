import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { deriveKey, firstScalar, readKey } from './signing-key.ts'

/** Reckoned apart, with HKDF and P-256 written out: what is derived must stay the same in every later version. */
const vectors = [
  {
    secret: 'a secret that replicas share',
    d: '72R2XeLszK6TSqGiwR8OZvBMIhg325vLuiJXrhRH9kI',
    x: '9_l-fqyiCRYDvq8bwy0MHuiavN0KSHx6J1z31j7gKd8',
    y: 'YcC6UHudhK_QuYWR4Qjuvs7jrkiaZlM_xPjOnUd8Mmw',
    kid: 'TnlBgLhxd3QFJsrkbes2XfUlBG391xDVjfawOg1Guys',
  },
  {
    secret: 'asecretforlocaldevelopment',
    d: 'SR1emYx0t2eZcg6F1h4MJsdK7Wk7VVLG4D_nuUZuQtE',
    x: 'y8NFXmeSzgcvRlLvZg4xgdAG7gA_qXRxWeUXUqvptxQ',
    y: 'eg8JBGAr4INw4psAI5NcTKkVTK5erRwO20ZMC062WIc',
    kid: 'BJ3oVAPDv9JHN8IcYhHGUxZmHTlMFulvSB-Fm0AdR2k',
  },
  {
    secret: 'schlüssel 🔑 of the registry',
    d: 'iehW6vIm1rjZ8ExIXSDwRGGITBbKI30WBDRDYHG4LHw',
    x: 'YoyRvU8ZRPW_zf7glSH2kWwmAwifkAwjneiY_KvKUlI',
    y: 'z8geV7Fw684mcArNTh-i0m8oaP7jho2NWA3c_bFU6EU',
    kid: 'LT1Gqd5VLIdY_SCo_c_daF8NeTRKhM6P729ybBlLqaA',
  },
]

const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'

const bytes = (hex: string): Buffer => Buffer.from(hex.padStart(64, '0'), 'hex')

describe('the key that a secret stands for', () => {
  for (const { secret, kid, ...numbers } of vectors) {
    it(`is always the same: ${secret}`, async () => {
      const { privateKey, publicKey } = deriveKey(secret)
      assert.deepEqual(privateKey.export({ format: 'jwk' }), { kty: 'EC', crv: 'P-256', ...numbers })
      assert.equal(await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK), kid)
    })
  }

  it('is the first try that is a number from 1 to the order less one', () => {
    const tries = ['0', order, 'f'.repeat(64), order.replace(/51$/, '50'), '1'].map(bytes)
    const asked: number[] = []
    const scalar = firstScalar((attempt) => {
      asked.push(attempt)
      return tries[attempt] ?? bytes('2')
    })
    assert.equal(scalar.toString('hex'), order.replace(/51$/, '50'))
    assert.deepEqual(asked, [0, 1, 2, 3])
    assert.equal(firstScalar(() => bytes('1')).toString('hex'), '1'.padStart(64, '0'))
    assert.throws(() => firstScalar(() => bytes('0')), /no private key/)
  })
})

describe('a key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'))
  after(() => rmSync(folder, { recursive: true }))

  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  it('holds a P-256 key, as PKCS #8 or SEC 1', async () => {
    for (const type of ['pkcs8', 'sec1'] as const) {
      const path = file(`${type}.pem`, privateKey.export({ type, format: 'pem' }).toString())
      assert.ok((await readKey(path)).privateKey.equals(privateKey), type)
    }
  })

  it('may have its parameters in front, as `openssl ecparam -genkey` writes it', async () => {
    // The name of the curve, in DER.
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    const pem = parameters + privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    assert.ok((await readKey(file('openssl.pem', pem))).privateKey.equals(privateKey))
  })

  it('is refused in one line that says what is wrong', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
    const notOne = 'no private key in PEM, or an encrypted one; allowed: a P-256 key'
    const cases: readonly (readonly [string, string])[] = [
      [join(folder, 'none.pem'), 'no such file'],
      [folder, 'it is a folder'],
      [file('empty.pem', ''), notOne],
      [file('text.pem', 'hello'), notOne],
      [
        file('public.pem', deriveKey('x').publicKey.export({ type: 'spki', format: 'pem' }).toString()),
        notOne,
      ],
      [file('encrypted.pem', privateKey.export(encrypted).toString()), notOne],
      [
        file('rsa.pem', rsa.export({ type: 'pkcs8', format: 'pem' }).toString()),
        'the key is of the kind rsa; allowed: P-256 (prime256v1)',
      ],
      [
        file('p384.pem', p384.export({ type: 'pkcs8', format: 'pem' }).toString()),
        'the key is of the kind secp384r1; allowed: P-256 (prime256v1)',
      ],
    ]
    for (const [path, reason] of cases) {
      // eslint-disable-next-line no-await-in-loop
      await assert.rejects(readKey(path), { message: `access.token.key: ${path}: ${reason}` })
    }
  })
})
