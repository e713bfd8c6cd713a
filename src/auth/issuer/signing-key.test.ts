import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { deriveKey, firstScalar } from './signing-key.ts'

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
