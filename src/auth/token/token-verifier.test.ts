import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { issue, toX5c, type Issued } from '../../../test/auth/token-certificates.ts'
import {
  goodClaims,
  keyKinds,
  makeKeys,
  makeKeysWithLeadingZero,
  secretKey,
  signToken,
  usualAlgorithm,
  type Content,
} from '../../../test/auth/token-keys.ts'
import { issuer, makeRig, service, type Rig, type RigOptions } from '../../../test/auth/token-rig.ts'
import { idsOf, libtrustId } from './key-ids.ts'

const keys = makeKeys('p256')
const certificate = issue({ name: 'the signer', keys })
const header = { alg: 'ES256', kid: libtrustId(keys.publicKey) }

function rigOf(t: TestContext, options: RigOptions = { certificates: [certificate] }): Promise<Rig> {
  return makeRig(t, options)
}

function tokenOf(change: Content = {}, change2: Content = {}): string {
  const claims = { ...goodClaims(issuer, service), ...change }
  return signToken(keys.privateKey, { ...header, ...change2 }, claims)
}

const seconds = (rig: Rig): number => Math.floor(rig.clock.now / 1000)

describe('a verified token', () => {
  it('says who brings it, what he may do, and what else is claimed', async (t) => {
    const { verifier } = await rigOf(t)
    const { name, claims, scopes } = await verifier.verify(tokenOf({ groups: ['ci'] }))
    assert.equal(name, 'alice')
    assert.deepEqual(claims['groups'], ['ci'])
    assert.equal(claims['iss'], issuer)
    assert.equal(claims['constructor'], undefined)
    assert.ok(scopes.allow('repository', 'library/app', 'pull'))
    assert.ok(!scopes.allow('repository', 'library/app', 'push'))
    assert.ok(!scopes.allow('repository', 'library', 'pull'))
  })

  it('may be of nobody', async (t) => {
    const { verifier } = await rigOf(t)
    for (const sub of ['', null, undefined]) {
      assert.ok(!('name' in (await verifier.verify(tokenOf({ sub })))), String(sub))
    }
  })

  it('merges what it says of one repository, and takes no notice of classes', async (t) => {
    const { verifier } = await rigOf(t)
    const access = [
      { type: 'repository', name: 'a', actions: ['pull'] },
      { type: 'repository', class: 'plugin', name: 'a', actions: ['push'] },
      { type: 'repository', name: 'b', actions: ['*'] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
      {},
    ]
    const { scopes } = await verifier.verify(tokenOf({ access }))
    assert.ok(scopes.allow('repository', 'a', 'pull') && scopes.allow('repository', 'a', 'push'))
    assert.ok(!scopes.allow('repository', 'a', 'delete'))
    assert.ok(scopes.allow('repository', 'b', 'delete'))
    assert.ok(scopes.allow('registry', 'catalog', '*'))
  })

  it('is not for a repository that reads like a scope', async (t) => {
    const { verifier } = await rigOf(t)
    const entries = [
      { type: 'repository', name: 'repository:foo:pull', actions: ['pull'] },
      { type: 'repository', name: 'a:b', actions: ['push'] },
      { type: 'repository:c', name: 'd', actions: ['push'] },
      { type: '', name: 'repository:e', actions: ['pull'] },
      { type: 'repository', name: 'g', actions: ['pull,push'] },
      { type: 'repository', name: 'h*', actions: ['pull'] },
    ]
    const { scopes } = await verifier.verify(tokenOf({ access: entries }))
    for (const name of ['foo', 'a', 'b', 'c', 'd', 'e', 'f', 'h', 'hh', 'repository']) {
      assert.ok(!['pull', 'push', '*'].some((action) => scopes.allow('repository', name, action)), name)
    }
    assert.ok(!scopes.allow('repository', 'g', 'push'))
  })
})

describe('the claims of a token', () => {
  const rows: readonly (readonly [claims: (now: number) => Content, verdict: string])[] = [
    [() => ({}), 'accepted'],
    [() => ({ iss: 'another' }), 'the token is by another issuer'],
    [() => ({ iss: undefined }), 'the token is by another issuer'],
    [() => ({ iss: null }), 'the token is by another issuer'],
    [() => ({ iss: [issuer] }), 'a claim is not text'],
    [() => ({ aud: 'another' }), 'the token is for another audience'],
    [() => ({ aud: undefined }), 'the token is for another audience'],
    [() => ({ aud: [] }), 'the token is for another audience'],
    [() => ({ aud: ['another'] }), 'the token is for another audience'],
    [() => ({ aud: ['another', service] }), 'accepted'],
    [() => ({ aud: [service, 1] }), 'the audience of the token is malformed'],
    [() => ({ aud: { [service]: service } }), 'the audience of the token is malformed'],
    [(now) => ({ exp: now - 59 }), 'accepted'],
    [(now) => ({ exp: now - 62 }), 'the token has expired'],
    [() => ({ exp: undefined }), 'the token has expired'],
    [() => ({ exp: null }), 'the token has expired'],
    [(now) => ({ exp: now + 100.5 }), 'a time in the token is no integer'],
    [(now) => ({ exp: String(now + 100) }), 'a time in the token is no integer'],
    [(now) => ({ nbf: now + 59 }), 'accepted'],
    [(now) => ({ nbf: now + 62 }), 'the token is not valid yet'],
    [() => ({ nbf: undefined }), 'accepted'],
    [() => ({ nbf: 0.5 }), 'a time in the token is no integer'],
    [() => ({ nbf: '0' }), 'a time in the token is no integer'],
    [(now) => ({ iat: now + 1000, jti: '' }), 'accepted'],
    [() => ({ iat: undefined, jti: undefined }), 'accepted'],
    [() => ({ iat: 'now' }), 'a time in the token is no integer'],
    [() => ({ jti: 5 }), 'a claim is not text'],
    [() => ({ sub: 5 }), 'a claim is not text'],
    [() => ({ access: undefined }), 'accepted'],
    [() => ({ access: null }), 'accepted'],
    [() => ({ access: [] }), 'accepted'],
    [() => ({ access: [{ type: 'unknown', name: 'a', actions: ['do'], more: 1 }] }), 'accepted'],
    [() => ({ access: [{ type: 'repository', name: 'a', actions: null }] }), 'accepted'],
    [() => ({ access: {} }), 'what the token allows is malformed'],
    [() => ({ access: [null] }), 'what the token allows is malformed'],
    [() => ({ access: ['repository:a:pull'] }), 'what the token allows is malformed'],
    [() => ({ access: [{ type: 1 }] }), 'what the token allows is malformed'],
    [() => ({ access: [{ name: ['a'] }] }), 'what the token allows is malformed'],
    [() => ({ access: [{ class: 1 }] }), 'what the token allows is malformed'],
    [() => ({ access: [{ actions: 'pull' }] }), 'what the token allows is malformed'],
    [() => ({ access: [{ actions: ['pull', 1] }] }), 'what the token allows is malformed'],
  ]
  it('count as Distribution counts them', async (t) => {
    const rig = await rigOf(t)
    for (const [claims, verdict] of rows) {
      const change = claims(seconds(rig))
      assert.equal(await rig.verdict(tokenOf(change)), verdict, JSON.stringify(change))
    }
  })

  it('are one object of JSON that means one thing', async (t) => {
    const rig = await rigOf(t)
    const good = JSON.stringify(goodClaims(issuer, service))
    const malformed = 'the claims of the token are malformed'
    const verdict = (text: string): Promise<string> => rig.verdict(signToken(keys.privateKey, header, text))
    assert.equal(await verdict(good), 'accepted')
    assert.equal(await verdict(`${good.slice(0, -1)},"sub":"bob"}`), malformed)
    assert.equal(await verdict(`[${good}]`), malformed)
    assert.equal(await verdict('null'), malformed)
    assert.equal(await verdict(good.slice(0, -1)), malformed)
  })
})

describe('the key of a token', () => {
  it('is of every kind, named by its certificate, as a key, or by either id', async (t) => {
    const root = issue({ name: 'root', keys: makeKeys('p384'), authority: true })
    const signers = keyKinds.map((kind) => ({ kind, ...issue({ name: kind, keys: makeKeys(kind) }) }))
    const rig = await rigOf(t, { certificates: [root, ...signers] })
    for (const signer of signers) {
      const { publicKey, privateKey } = signer.keys
      const jwk = publicKey.export({ format: 'jwk' })
      const issued = issue({ name: 'leaf', keys: signer.keys, issuer: root })
      const ids = await idsOf(publicKey)
      const names: readonly Content[] = [
        { x5c: toX5c(signer) },
        { x5c: toX5c(issued, root) },
        { jwk },
        { jwk: { ...jwk, x5c: toX5c(issued) } },
        ...ids.flatMap((kid) => [{ kid }, { jwk: { ...jwk, kid } }, { x5c: [], kid }]),
      ]
      for (const name of names) {
        const token = signToken(
          privateKey,
          { alg: usualAlgorithm[signer.kind], ...name },
          goodClaims(issuer, service),
        )
        assert.equal(await rig.verdict(token), 'accepted', `${signer.kind} ${JSON.stringify(name)}`)
      }
    }
  })

  it('is of any algorithm of its kind', async (t) => {
    const rsa = issue({ name: 'rsa', keys: makeKeys('rsa') })
    const rig = await rigOf(t, { certificates: [rsa] })
    const x5c = toX5c(rsa)
    for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
      const token = signToken(rsa.keys.privateKey, { alg, x5c }, goodClaims(issuer, service))
      assert.equal(await rig.verdict(token), 'accepted', alg)
    }
  })

  it('has an id with and without the zeros that its coordinates begin with', async (t) => {
    const padded = makeKeysWithLeadingZero()
    const rig = await rigOf(t, { certificates: [issue({ name: 'padded', keys: padded })] })
    for (const kid of await idsOf(padded.publicKey)) {
      const token = signToken(padded.privateKey, { alg: 'ES256', kid }, goodClaims(issuer, service))
      assert.equal(await rig.verdict(token), 'accepted', kid)
    }
  })

  it('is one of a key set by its name there alone, or by its own when it has none', async (t) => {
    const jwk = keys.publicKey.export({ format: 'jwk' })
    const named = await rigOf(t, { keySet: [{ ...jwk, kid: 'a key' }] })
    assert.equal(await named.verdict(tokenOf({}, { kid: 'a key' })), 'accepted')
    assert.equal(await named.verdict(tokenOf()), 'the key of the token is not trusted')
    const unnamed = await rigOf(t, { keySet: [jwk] })
    assert.equal(await unnamed.verdict(tokenOf()), 'accepted')
    assert.equal(await unnamed.verdict(tokenOf({}, { kid: '' })), 'the token names no key')
  })

  it('may be a secret of a key set', async (t) => {
    const secret = Buffer.alloc(32, 7)
    const rig = await rigOf(t, { keySet: [{ kty: 'oct', k: secret.toString('base64url'), kid: 'shared' }] })
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const sign = (key: Buffer): string =>
        signToken(secretKey(key), { alg, kid: 'shared' }, goodClaims(issuer, service))
      assert.equal(await rig.verdict(sign(secret)), 'accepted')
      assert.equal(await rig.verdict(sign(Buffer.alloc(32, 8))), 'the signature of the token is wrong')
    }
  })

  it('is accepted by its certificate until that expires, and remembered no longer', async (t) => {
    const root = issue({ name: 'root', keys, authority: true })
    const to = new Date(Date.now() + 20_000)
    const leaf = issue({ name: 'leaf', keys: makeKeys('p256'), issuer: root, to })
    const rig = await rigOf(t, { certificates: [root] })
    const token = signToken(
      leaf.keys.privateKey,
      { alg: 'ES256', x5c: toX5c(leaf) },
      goodClaims(issuer, service),
    )
    assert.equal(await rig.verdict(token), 'accepted')
    rig.clock.now += 22_000
    assert.equal(await rig.verdict(token), 'the certificate is expired or not yet valid')
  })

  it('is told of when it is too short to be used', async (t) => {
    const short = issue({ name: 'short', keys: makeKeys('rsa', 1024) })
    const rig = await rigOf(t, { certificates: [short, certificate] })
    assert.deepEqual(
      rig.entries.map(({ level, fields }) => [level, fields]),
      [['warn', { keys: 1 }]],
    )
    const token = signToken(
      short.keys.privateKey,
      { alg: 'RS256', x5c: toX5c(short) },
      goodClaims(issuer, service),
    )
    assert.equal(await rig.verdict(token), 'the key of the token is not for its algorithm')
  })
})

describe('the memory of verified tokens', () => {
  it('gives what was verified, until the token expires', async (t) => {
    const rig = await rigOf(t)
    const token = tokenOf({ exp: seconds(rig) + 10 })
    const first = await rig.verifier.verify(token)
    rig.clock.now += 60_000
    assert.equal(await rig.verifier.verify(token), first)
    rig.clock.now += 12_000
    assert.equal(await rig.verdict(token), 'the token has expired')
  })

  it('shares one verification among those who ask at once', async (t) => {
    const { verifier } = await rigOf(t)
    const token = tokenOf()
    const results = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)))
    assert.equal(new Set(results).size, 1)
  })

  it('is gone as soon as the keys change', async (t) => {
    const rig = await rigOf(t)
    const token = tokenOf()
    assert.equal(await rig.verdict(token), 'accepted')
    rig.writeBundle(issue({ name: 'the next signer', keys: makeKeys('p256') }))
    rig.clock.now += 1000
    assert.equal(await rig.verdict(token), 'the key of the token is not trusted')
  })
})

describe('the algorithm of a token', () => {
  it('is one that the configuration accepts', async (t) => {
    const signer: Issued = issue({ name: 'rsa', keys: makeKeys('rsa') })
    const rig = await rigOf(t, { certificates: [signer], algorithms: ['RS512', 'ES256'] })
    const verdict = (alg: string): Promise<string> =>
      rig.verdict(signToken(signer.keys.privateKey, { alg, x5c: toX5c(signer) }, goodClaims(issuer, service)))
    assert.equal(await verdict('RS512'), 'accepted')
    assert.equal(await verdict('RS256'), 'the algorithm of the token is not accepted')
  })
})
