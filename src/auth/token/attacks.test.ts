import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { issue, toX5c } from '../../../test/auth/token-certificates.ts'
import {
  encode,
  goodClaims,
  makeKeys,
  secretKey,
  signInput,
  signToken,
  type Content,
} from '../../../test/auth/token-keys.ts'
import { issuer, makeRig, service, type Rig } from '../../../test/auth/token-rig.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { idsOf, libtrustId } from './key-ids.ts'

const rsa = issue({ name: 'rsa', keys: makeKeys('rsa') })
const ec = issue({ name: 'ec', keys: makeKeys('p256'), authority: true })
const stranger = makeKeys('p256')
const ecId = libtrustId(ec.keys.publicKey)
const rsaId = libtrustId(rsa.keys.publicKey)
const good = goodClaims(issuer, service)
const byStranger = (header: Content): string =>
  signToken(stranger.privateKey, { alg: 'ES256', ...header }, good)

const untrusted = 'the key of the token is not trusted'
const wrongSignature = 'the signature of the token is wrong'
const wrongKey = 'the key of the token is not for its algorithm'
const malformed = 'the token is malformed'
const malformedHeader = 'the header of the token is malformed'
const unsupported = 'the token needs an extension that is not supported'
const notAccepted = 'the algorithm of the token is not accepted'

function rigOf(t: Parameters<typeof makeRig>[0]): Promise<Rig> {
  return makeRig(t, { certificates: [rsa, ec], keySet: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'shared' }] })
}

describe('a forged token', () => {
  it('without a signature is none, in whatever letters', async (t) => {
    const { verdict } = await rigOf(t)
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      for (const name of [{}, { kid: ecId }, { x5c: toX5c(ec) }]) {
        const input = `${encode({ alg, ...name })}.${encode(good)}`
        assert.equal(await verdict(`${input}.`), malformed, alg)
        assert.equal(await verdict(`${input}.AAAA`), notAccepted, alg)
      }
    }
    assert.equal(await verdict(`${encode({ alg: 'ES256', kid: ecId })}.${encode(good)}.`), malformed)
    assert.equal(
      await verdict(`${encode({ kid: ecId })}.${encode(good)}.AAAA`),
      'the token names no algorithm',
    )
  })

  it('is not signed by HMAC with a public key', async (t) => {
    const { verdict } = await rigOf(t)
    for (const { keys, name } of [rsa, ec]) {
      const { publicKey } = keys
      const secrets = [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'der' }),
        String(publicKey.export({ type: 'spki', format: 'pem' })).trim(),
        JSON.stringify(publicKey.export({ format: 'jwk' })),
        '',
      ]
      const x5c = toX5c(name === 'rsa' ? rsa : ec)
      const names = [{ kid: libtrustId(publicKey) }, { x5c }, { jwk: publicKey.export({ format: 'jwk' }) }]
      for (const secret of secrets) {
        for (const header of names) {
          const token = signToken(secretKey(secret), { alg: 'HS256', ...header }, good)
          assert.equal(await verdict(token), wrongKey)
        }
      }
    }
  })

  it('has an algorithm of its own key, no other', async (t) => {
    const { verdict } = await rigOf(t)
    const confused = [
      { alg: 'RS256', kid: ecId },
      { alg: 'ES256', kid: rsaId },
      { alg: 'ES384', kid: ecId },
      { alg: 'EdDSA', kid: ecId },
      { alg: 'RS256', kid: 'shared' },
      { alg: 'ES256', kid: 'shared' },
    ]
    for (const header of confused) {
      const input = `${encode(header)}.${encode(good)}`
      assert.equal(
        await verdict(`${input}.${signInput(stranger.privateKey, 'ES256', input).toString('base64url')}`),
        wrongKey,
      )
    }
  })

  it('is not verified by the key that it brings', async (t) => {
    const { verdict } = await rigOf(t)
    const jwk = stranger.publicKey.export({ format: 'jwk' })
    assert.equal(await verdict(byStranger({ jwk })), untrusted)
    assert.equal(await verdict(byStranger({ jwk: { ...jwk, kid: 'unknown' } })), untrusted)
    for (const kid of [ecId, ...(await idsOf(ec.keys.publicKey))]) {
      assert.equal(
        await verdict(byStranger({ jwk: { ...jwk, kid } })),
        wrongSignature,
        'the trusted key is used',
      )
      assert.equal(await verdict(byStranger({ kid, jwk })), untrusted, 'a kid beside it does not help')
    }
    assert.equal(
      await verdict(byStranger({ jwk: { ...jwk, x5c: toX5c(ec) } })),
      'the key in the header is not that of its certificate',
    )
    const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'shared' }
    const bySecret = signToken(secretKey('secret'), { alg: 'HS256', jwk: secret }, good)
    assert.equal(await verdict(bySecret), 'the key in the header is not public')
    const privateJwk = stranger.privateKey.export({ format: 'jwk' })
    assert.equal(await verdict(byStranger({ jwk: privateJwk })), 'the key in the header is not public')
  })

  it('is not verified by a certificate that it brings', async (t) => {
    const { verdict } = await rigOf(t)
    const notSigned = 'the certificate is not signed by one that is trusted'
    const selfSigned = issue({ name: 'ec', keys: stranger, authority: true })
    assert.equal(await verdict(byStranger({ x5c: toX5c(selfSigned) })), notSigned)
    assert.equal(await verdict(byStranger({ x5c: toX5c(selfSigned, ec) })), notSigned)
    assert.equal(await verdict(byStranger({ x5c: toX5c(selfSigned), kid: ecId })), notSigned)
    assert.equal(await verdict(byStranger({ x5c: toX5c(ec, selfSigned) })), wrongSignature)
    // Certificates of a registry's own users: one that is no authority cannot make signers.
    const leaf = issue({ name: 'leaf', keys: makeKeys('p256'), issuer: ec })
    const below = issue({ name: 'below', keys: stranger, issuer: leaf })
    assert.equal(await verdict(byStranger({ x5c: toX5c(below, leaf, ec) })), notSigned)
  })

  it('makes nobody fetch what it names', async (t) => {
    const { verdict } = await rigOf(t)
    let requests = 0
    const server = createServer((_, response) => {
      requests++
      response.end(JSON.stringify({ keys: [stranger.publicKey.export({ format: 'jwk' })] }))
    })
    const port = await freePort()
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve)
    })
    t.after(() => server.close())
    const url = `http://127.0.0.1:${port}/keys`
    assert.equal(await verdict(byStranger({ jku: url, x5u: url })), 'the token names no key')
    assert.equal(await verdict(byStranger({ jku: url, x5u: url, kid: ecId })), wrongSignature)
    const jwk = { ...stranger.publicKey.export({ format: 'jwk' }), x5u: url }
    assert.equal(await verdict(byStranger({ jwk, jku: url })), untrusted)
    assert.equal(requests, 0)
  })

  it('has no key by the name of a path, of a property, or of no end', async (t) => {
    const { verdict } = await rigOf(t)
    const names = [
      '../../../../../../dev/null',
      '/etc/passwd',
      'bundle.pem',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      `${ecId}\0`,
      ecId.toLowerCase(),
      ` ${ecId}`,
      'k'.repeat(40_000),
    ]
    for (const kid of names) {
      assert.equal(await verdict(byStranger({ kid })), untrusted)
      const jwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid }
      assert.equal(await verdict(byStranger({ jwk })), untrusted)
      const emptySecret = signToken(secretKey(''), { alg: 'HS256', kid }, good)
      assert.equal(await verdict(emptySecret), untrusted)
    }
    for (const kid of [[ecId], { kid: ecId }, 1, true]) {
      assert.equal(await verdict(byStranger({ kid })), 'the key id of the token is malformed')
    }
  })

  it('is changed in no letter', async (t) => {
    const { verdict } = await rigOf(t)
    const token = signToken(ec.keys.privateKey, { alg: 'ES256', kid: ecId }, good)
    assert.equal(await verdict(token), 'accepted')
    const [header = '', , signature = ''] = token.split('.')
    const other = encode({ ...good, sub: 'mallory' })
    assert.equal(await verdict(`${header}.${other}.${signature}`), wrongSignature)
    const otherHeader = encode({ alg: 'ES256', kid: ecId, typ: 'JWT' })
    assert.equal(await verdict(token.replace(header, otherHeader)), wrongSignature)
    const zeros = Buffer.alloc(64).toString('base64url')
    assert.equal(await verdict(token.replace(signature, zeros)), wrongSignature)
    const der = Buffer.from('3006020101020101', 'hex').toString('base64url')
    assert.equal(await verdict(token.replace(signature, der)), wrongSignature)
  })
})

describe('a token of a strange form', () => {
  it('is refused before anything of it is looked at', async (t) => {
    const { verdict } = await rigOf(t)
    const token = signToken(ec.keys.privateKey, { alg: 'ES256', kid: ecId }, good)
    const [header = '', claims = '', signature = ''] = token.split('.')
    const forms = [
      '',
      '.',
      '..',
      '...',
      'a',
      'a.b',
      `${header}.${claims}`,
      `.${token}`,
      `${token}.`,
      `${header}..${claims}.${signature}`,
      `${token}.${signature}`,
      `${header}.${claims}.${signature}.${signature}.${signature}`, // encrypted ones have five parts
      `${header}..${signature}`,
      `.${claims}.${signature}`,
      `${header}=.${claims}.${signature}`,
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      `${header}.${claims}.${signature.slice(0, -1)}+`,
      `{"payload":"${claims}","protected":"${header}","signature":"${signature}"}`,
    ]
    for (const form of forms) assert.equal(await verdict(form), malformed, form)
    for (const text of ['null', '[]', '"ES256"', '{', '\u00ff', '{"alg":"ES256","alg":"none"}']) {
      assert.equal(await verdict(`${encode(text)}.${claims}.${signature}`), malformedHeader, text)
    }
    const latin1 = Buffer.from(`{"alg":"ES256","kid":"\u00ff"}`, 'latin1').toString('base64url')
    assert.equal(await verdict(`${latin1}.${claims}.${signature}`), malformedHeader)
  })

  it('needs no extension', async (t) => {
    const { verdict } = await rigOf(t)
    const sign = (header: Content): string =>
      signToken(ec.keys.privateKey, { alg: 'ES256', kid: ecId, ...header }, good)
    assert.equal(await verdict(sign({ crit: ['exp'], exp: 1 })), unsupported)
    assert.equal(await verdict(sign({ crit: ['b64'], b64: false })), unsupported)
    assert.equal(await verdict(sign({ crit: [] })), unsupported)
    assert.equal(await verdict(sign({ crit: 'b64' })), unsupported)
    assert.equal(await verdict(sign({ b64: false })), unsupported)
    assert.equal(await verdict(sign({ b64: 'false' })), unsupported)
    assert.equal(await verdict(sign({ b64: true, typ: 'anything', cty: 5 })), 'accepted')
    // The payload as it is, which RFC 7797 would have verified.
    const head = encode({ alg: 'ES256', kid: ecId, crit: ['b64'], b64: false })
    const plain = JSON.stringify(good)
    const signature = signInput(ec.keys.privateKey, 'ES256', `${head}.${plain}`).toString('base64url')
    assert.equal(await verdict(`${head}.${plain}.${signature}`), malformed)
    assert.equal(await verdict(`${head}.${encode(good)}.${signature}`), unsupported)
  })

  it('has a header of the right types', async (t) => {
    const { verdict } = await rigOf(t)
    assert.equal(await verdict(byStranger({ x5c: 'text' })), 'the chain of certificates is malformed')
    assert.equal(await verdict(byStranger({ x5c: [[]] })), 'the chain of certificates is malformed')
    assert.equal(await verdict(byStranger({ x5c: { 0: 'a' } })), 'the chain of certificates is malformed')
    assert.equal(
      await verdict(byStranger({ jwk: 'text' })),
      'the key in the header of the token is malformed',
    )
    const jwk = stranger.publicKey.export({ format: 'jwk' })
    const badKeys = [{}, { kty: 'EC' }, { ...jwk, y: jwk.x }, { ...jwk, crv: 'P-384' }, { ...jwk, kid: 1 }]
    for (const bad of badKeys) {
      assert.equal(await verdict(byStranger({ jwk: bad })), 'the key in the header is malformed')
    }
  })
})
