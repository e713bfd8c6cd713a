import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { issue, toX5c } from '../../../test/auth/token-certificates.ts'
import { encode, goodClaims, makeKeys, signToken, type Content } from '../../../test/auth/token-keys.ts'
import { issuer, makeRig, service } from '../../../test/auth/token-rig.ts'
import { checkClaims } from './claims.ts'

const signer = issue({ name: 'ec', keys: makeKeys('p256') })
const good = goodClaims(issuer, service)

function sign(change: Content): string {
  const header = { alg: 'ES256', x5c: toX5c(signer) }
  return signToken(signer.keys.privateKey, header, { ...good, ...change })
}

function manyActions(length: number): readonly object[] {
  const actions = Array.from({ length }, (_, index) => (index % 10).toString())
  return [{ type: 'repository', name: 'a', actions }]
}

function manyEntries(length: number): readonly object[] {
  return Array.from({ length }, (_, index) => ({
    type: 'repository',
    name: `library/name-${index}`,
    actions: ['pull', 'push'],
  }))
}

function manyOfOne(length: number): readonly object[] {
  return Array.from({ length }, () => ({ type: 'repository', name: 'a', actions: ['pull'] }))
}

describe('a large token', () => {
  it('is refused when no header can hold it', async (t) => {
    const { verdict } = await makeRig(t, { certificates: [signer] })
    assert.equal(await verdict(sign({ more: 'x'.repeat(40_000) })), 'accepted')
    for (const large of [sign({ more: 'x'.repeat(60_000) }), 'a'.repeat(20_000_000)]) {
      assert.equal(await verdict(large), 'the token is too long')
    }
  })

  it('with 10,000 scopes is verified when it fits', async (t) => {
    const { verdict } = await makeRig(t, { certificates: [signer] })
    assert.equal(await verdict(sign({ access: manyEntries(10_000) })), 'the token is too long')
    assert.equal(await verdict(sign({ access: manyActions(10_000) })), 'accepted')
    assert.equal(await verdict(sign({ access: Array.from({ length: 10_000 }, () => ({})) })), 'accepted')
  })

  it('takes time that grows as its scopes do', () => {
    // Ten times more than any header holds: what grew by the square would take minutes.
    for (const access of [manyEntries, manyOfOne, manyActions].map((make) => make(100_000))) {
      const payload = Buffer.from(JSON.stringify({ ...good, access }))
      const start = performance.now()
      checkClaims(payload, { issuer, service, now: Date.now() })
      const took = performance.now() - start
      assert.ok(took < 5_000, `${took} ms`)
    }
  })

  it('does not keep the program busy, whatever it is full of', async (t) => {
    const { verdict } = await makeRig(t, { certificates: [signer] })
    const half = 'A'.repeat(60_000)
    const hostile = [
      half,
      `${half}.`,
      '.'.repeat(60_000),
      `${encode('['.repeat(45_000))}.AAAA.AAAA`,
      `${encode({ alg: 'ES256', x5c: ['A'.repeat(40_000)] })}.AAAA.AAAA`,
      `${encode({ alg: 'ES256', x5c: Array<string>(9_000).fill('A') })}.AAAA.AAAA`,
      `${encode({ alg: 'RS256', jwk: { kty: 'RSA', e: 'AQAB', n: 'z'.repeat(40_000) } })}.AAAA.AAAA`,
    ]
    for (const token of hostile) {
      const start = performance.now()
      assert.notEqual(await verdict(token), 'accepted')
      const took = performance.now() - start
      assert.ok(took < 1_000, `${token.slice(0, 40)}: ${took} ms`)
    }
  })
})
