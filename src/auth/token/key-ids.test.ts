import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { makeKeys, makeKeysWithLeadingZero } from '../../../test/auth/token-keys.ts'
import { idsOf, libtrustId } from './key-ids.ts'

describe('the ids of a key', () => {
  it('are the one of RFC 7638, 3.1, for its key', async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj' +
      'hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ' +
      'vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK' +
      'nqDKgw'
    const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
    assert.ok((await idsOf(key)).includes('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'))
  })

  it('are the one of RFC 8037, appendix A.3, for its key', async () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    assert.ok((await idsOf(key)).includes('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'))
  })

  it('have twelve groups in the form of Distribution 2', () => {
    assert.match(libtrustId(makeKeys('p256').publicKey), /^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/)
  })

  it('are two more thumbprints where a coordinate begins with zeros', async () => {
    const ids = await idsOf(makeKeysWithLeadingZero().publicKey)
    assert.equal(new Set(ids).size, 3)
  })
})
