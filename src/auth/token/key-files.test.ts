import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { issue, toPem, toX5c, type Issued } from '../../../test/auth/token-certificates.ts'
import { goodClaims, makeKeys, signToken, type Content } from '../../../test/auth/token-keys.ts'
import { issuer, makeRig, service } from '../../../test/auth/token-rig.ts'
import { libtrustId } from './key-ids.ts'
import { createTokenVerifier } from './token-verifier.ts'

const keys = makeKeys('p256')
const certificate = issue({ name: 'the signer', keys })

function tokenOf(header: Content = {}): string {
  const named = { alg: 'ES256', kid: libtrustId(keys.publicKey), ...header }
  return signToken(keys.privateKey, named, goodClaims(issuer, service))
}

/** The one line that the start fails with, without the folders of paths. */
async function startRefusal(change: object): Promise<string> {
  const base = { issuer, service, signingalgorithms: [], log: console }
  const error = await createTokenVerifier({ ...base, ...change }).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof Error)
  assert.doesNotMatch(error.message, /\n/)
  return error.message.replaceAll(/\/\S*\//g, '')
}

describe('the files of keys', () => {
  const next = issue({ name: 'the next signer', keys: makeKeys('p384') })
  const byNext = (): string =>
    signToken(next.keys.privateKey, { alg: 'ES384', x5c: toX5c(next) }, goodClaims(issuer, service))

  it('are looked at once a second, and tell it when they changed', async (t) => {
    const rig = await makeRig(t, { certificates: [certificate] })
    rig.writeBundle(certificate, next)
    rig.clock.now += 999
    assert.notEqual(await rig.verdict(byNext()), 'accepted')
    rig.clock.now += 1
    assert.equal(await rig.verdict(byNext()), 'accepted')
    assert.deepEqual(rig.entries, [
      { level: 'info', message: 'token signing keys reloaded', fields: { certificates: 2, keys: 2 } },
    ])
  })

  it('keep the old keys while they cannot be used, and tell it once for each change', async (t) => {
    const rig = await makeRig(t, { certificates: [certificate] })
    const look = async (): Promise<readonly string[]> => {
      rig.clock.now += 1000
      assert.equal(await rig.verdict(tokenOf()), 'accepted')
      return rig.entries.map(({ level }) => level)
    }
    const pem = toPem(certificate)
    writeFileSync(rig.bundlePath, pem.replace(/\n.{40}/, '\n'))
    assert.deepEqual(await look(), ['error'])
    assert.deepEqual(await look(), ['error'])
    assert.match(String(rig.entries[0]?.fields['err']), /rootcertbundle: .*: certificate 1 in it is damaged$/)
    writeFileSync(rig.bundlePath, 'nothing')
    assert.deepEqual(await look(), ['error', 'error'])
    assert.match(String(rig.entries[1]?.fields['err']), /at least one token signing key/)
    writeFileSync(rig.bundlePath, pem)
    assert.deepEqual(await look(), ['error', 'error', 'info'])
    assert.deepEqual(await look(), ['error', 'error', 'info'])
  })

  it('change together or each alone', async (t) => {
    const jwk = next.keys.publicKey.export({ format: 'jwk' })
    const rig = await makeRig(t, { certificates: [certificate], keySet: [] })
    const token = signToken(next.keys.privateKey, { alg: 'ES384', kid: 'next' }, goodClaims(issuer, service))
    assert.notEqual(await rig.verdict(token), 'accepted')
    rig.writeKeySet({ ...jwk, kid: 'next' })
    rig.clock.now += 1000
    assert.equal(await rig.verdict(token), 'accepted')
    assert.equal(await rig.verdict(tokenOf()), 'accepted')
  })

  it('are as the configuration needs them, or stop the start with one line', async (t) => {
    const rig = await makeRig(t, { certificates: [certificate], keySet: [] })
    const none =
      'token auth requires at least one token signing key; ' +
      'rootcertbundle must name a PEM file with certificates, or jwks a JSON Web Key Set'
    assert.equal(await startRefusal({}), `auth.token.rootcertbundle: ${none}`)
    assert.equal(await startRefusal({ jwks: rig.keySetPath }), `auth.token.jwks: jwks.json: ${none}`)
    const empty = join(dirname(rig.bundlePath), 'empty.pem')
    writeFileSync(empty, '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')
    assert.equal(
      await startRefusal({ rootcertbundle: empty }),
      `auth.token.rootcertbundle: empty.pem: no certificate in it: ${none}`,
    )
    assert.equal(
      await startRefusal({ rootcertbundle: '/nowhere/x' }),
      'auth.token.rootcertbundle: x: no such file',
    )
    const jwksRefusal = async (content: string): Promise<string> => {
      writeFileSync(rig.keySetPath, content)
      return (await startRefusal({ jwks: rig.keySetPath })).replace('auth.token.jwks: jwks.json: ', '')
    }
    assert.equal(await jwksRefusal('{'), 'it is not JSON, or says something twice')
    assert.equal(await jwksRefusal('{"keys":[],"keys":[]}'), 'it is not JSON, or says something twice')
    assert.equal(await jwksRefusal('[]'), 'it is no JSON Web Key Set: {"keys": […]} is needed')
    assert.equal(
      await jwksRefusal('{"keys":[{"kty":"new"},{"kty":"RSA"}]}'),
      'key 2 in it is damaged, or of a kind that is not supported',
    )
    assert.equal(
      await jwksRefusal('{"keys":[{"kty":"RSA","kid":1}]}'),
      'key 1 in it has a kid that is no text',
    )
    assert.match(
      await startRefusal({ rootcertbundle: rig.bundlePath, signingalgorithms: ['RS256', 'none'] }),
      /^auth\.token\.signingalgorithms: "none" is not one of EdDSA, HS256, /,
    )
  })

  it('are told of when they fit none of the algorithms, or the bundle holds none', async (t) => {
    const warningsOf = async (
      certificates: readonly Issued[],
      keySet: readonly object[],
      ...algorithms: readonly string[]
    ): Promise<readonly string[]> => {
      const { entries } = await makeRig(t, { certificates, keySet, algorithms })
      return entries.filter(({ level }) => level === 'warn').map(({ message }) => message)
    }
    const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'a' }
    const fits = 'auth.token.signingalgorithms fit no signing key: '
    const refused = `${fits}every token is refused`
    const noCertificate = 'no certificate in auth.token.rootcertbundle'
    assert.deepEqual(await warningsOf([certificate], []), [])
    assert.deepEqual(await warningsOf([certificate], [], 'RS256', 'ES256'), [])
    assert.deepEqual(await warningsOf([certificate], [], 'RS256'), [
      `${fits}only tokens that bring a certificate can be accepted`,
    ])
    assert.deepEqual(await warningsOf([certificate], [], 'HS256'), [refused])
    assert.deepEqual(await warningsOf([], [jwk], 'ES384'), [noCertificate, refused])
    assert.deepEqual(await warningsOf([], [jwk]), [noCertificate])
  })

  it('pass over what is no certificate, and keys that are for encryption', async (t) => {
    const jwk = keys.publicKey.export({ format: 'jwk' })
    const unknown = [
      { kty: 'new', kid: 'x' },
      { ...jwk, use: 'enc', kid: 'enc' },
      { ...jwk, kid: 'sig' },
    ]
    const rig = await makeRig(t, { certificates: [], keySet: unknown })
    assert.equal(await rig.verdict(tokenOf({ kid: 'sig' })), 'accepted')
    assert.equal(await rig.verdict(tokenOf({ kid: 'enc' })), 'the key of the token is not trusted')
    const others = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'
    writeFileSync(rig.bundlePath, `words\n${others}${toPem(certificate)}${others}`)
    rig.clock.now += 1000
    assert.equal(await rig.verdict(tokenOf()), 'accepted')
  })
})
