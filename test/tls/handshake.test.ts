import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { cipherSuiteNames } from '../../src/tls/cipher-suites.ts'
import { loadCertificates } from '../../src/tls/load.ts'
import { policyOptions, type TlsPolicy } from '../../src/tls/policy.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { run, words } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates, type Certificates, type KeyType } from './certificates.ts'
import { connect } from './s-client.ts'
import { startServer, type TestServer } from './test-server.ts'

const folder = temporaryFolder()
let certificates: Certificates
before(async () => {
  certificates = await makeCertificates(folder.path)
})
after(() => folder.remove())

const versions = ['tls1', 'tls1_1', 'tls1_2', 'tls1_3'] as const
const names = { tls1: 'TLSv1', tls1_1: 'TLSv1.1', tls1_2: 'TLSv1.2', tls1_3: 'TLSv1.3' } as const

/** What TLS 1.0 and 1.1 can do, for both types of certificates. */
const oldSuites = ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA']

async function start(
  test: Cleaner,
  policy: Partial<TlsPolicy> = {},
  keyType: KeyType = 'ecdsa',
): Promise<TestServer> {
  const { chain, key } = certificates.server[keyType]
  const loaded = await loadCertificates({ certificate: chain, key, clientCas: [] })
  const options = policyOptions(
    { minimum: 'tls1.2', cipherSuites: [], clientAuth: 'require-and-verify-client-cert', ...policy },
    false,
  )
  return await startServer({ options: { ...options, ...loaded.context } }, test)
}

/** The versions that a client can get. */
async function accepted(port: number): Promise<readonly string[]> {
  const protocols: string[] = []
  for (const version of versions) {
    const { isEstablished, protocol, answer, output } = await connect({ port, version })
    assert.equal(isEstablished, answer === 'HTTP/1.1 200 OK', output)
    if (!isEstablished) continue
    assert.equal(protocol, names[version])
    protocols.push(protocol)
  }
  return protocols
}

describe('the minimum version', () => {
  const all = Object.values(names)
  for (const [index, minimum] of (['tls1.0', 'tls1.1', 'tls1.2', 'tls1.3'] as const).entries()) {
    for (const keyType of ['rsa', 'ecdsa'] as const) {
      it(`${minimum} is kept, with ${keyType}`, async (t) => {
        const { port } = await start(t, { minimum, cipherSuites: oldSuites }, keyType)
        assert.deepEqual(await accepted(port), all.slice(index))
      })
    }
  }

  it('below 1.2 needs suites that such a version has, as with Distribution', async (t) => {
    const { port } = await start(t, { minimum: 'tls1.0' })
    assert.deepEqual(await accepted(port), ['TLSv1.2', 'TLSv1.3'])
  })

  it('is 1.3 in effect when only suites of it are listed, as with Distribution', async (t) => {
    const { port } = await start(t, { cipherSuites: ['TLS_AES_128_GCM_SHA256'] })
    assert.deepEqual(await accepted(port), ['TLSv1.3'])
  })
})

describe('a handshake', () => {
  for (const keyType of ['rsa', 'ecdsa', 'ed25519'] as const) {
    it(`sends the chain, without the root, and is verified: ${keyType}`, async (t) => {
      const { port } = await start(t, {}, keyType)
      for (const version of ['tls1_2', 'tls1_3'] as const) {
        const { chain, isVerified, output } = await connect({
          port,
          version,
          ca: certificates.root.certificate,
        })
        assert.deepEqual(chain, [keyType, 'intermediate'])
        assert.ok(isVerified, output)
      }
    })
  }

  it('sends nothing but the certificate when there is no chain', async (t) => {
    const { certificate, key } = certificates.server.ecdsa
    const loaded = await loadCertificates({ certificate, key, clientCas: [] })
    const { port } = await startServer({ options: loaded.context }, t)
    assert.deepEqual((await connect({ port })).chain, ['ecdsa'])
  })

  it('uses each suite that is listed, and no other', async (t) => {
    for (const keyType of ['rsa', 'ecdsa'] as const) {
      const own = cipherSuiteNames.filter(
        (name) => /_(?:RSA|ECDSA)_WITH/.test(name) && !name.includes('3DES') && matches(name, keyType),
      )
      assert.ok(own.length >= 5)
      for (const name of own) {
        const { port } = await start(t, { cipherSuites: [name] }, keyType)
        const { cipher, isEstablished } = await connect({ port, version: 'tls1_2' })
        assert.ok(isEstablished, name)
        // As in TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA and ECDHE-RSA-AES128-SHA.
        const [, key, bits] = /(AES|CHACHA20)_?(\d*)/.exec(name) ?? []
        assert.match(cipher, new RegExp(`${key}-?${bits}`), name)
        const other = await connect({ port, version: 'tls1_2', ciphers: `ALL:!${cipher}` })
        assert.equal(other.isEstablished, false, name)
      }
    }
  })

  it('prefers AES-128, and ChaCha20 when the client does, as Go', async (t) => {
    const { port } = await start(t)
    const first = async (version: 'tls1_2' | 'tls1_3', list: string): Promise<string> =>
      (await connect({ port, version, ...(version === 'tls1_3' ? { suites: list } : { ciphers: list }) }))
        .cipher
    const [aes256, chacha] = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']
    assert.equal(await first('tls1_2', `${aes256}:ALL`), 'ECDHE-ECDSA-AES128-GCM-SHA256')
    assert.equal(await first('tls1_2', `${chacha}:ALL`), chacha)
    const [modern256, modernChacha] = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
    const modern128 = 'TLS_AES_128_GCM_SHA256'
    assert.equal(await first('tls1_3', `${modern256}:${modernChacha}:${modern128}`), modern128)
    assert.equal(await first('tls1_3', `${modernChacha}:${modern256}:${modern128}`), modernChacha)
  })

  it('cannot be done anew on the same connection, as with Go', async (t) => {
    const { port, requests } = await start(t)
    const args = words(`s_client -connect 127.0.0.1:${port} -tls1_2`)
    // A line that begins with an R is a command of the client's.
    const { stderr } = await run('openssl', args, { input: 'R\n', mayFail: true, timeoutMs: 30_000 })
    const [first = '', second] = stderr.split('RENEGOTIATING')
    assert.match(first, /verify return:1/)
    assert.ok(second !== undefined, 'it tried')
    assert.doesNotMatch(second, /verify return/, 'and saw no second certificate')
    assert.deepEqual(requests, [])
  })

  it('asks for no certificate when there are no client authorities', async (t) => {
    const { port } = await start(t)
    const { output, answer } = await connect({ port, certificate: certificates.client.good })
    assert.match(output, /No client certificate CA names sent/)
    assert.equal(answer, 'HTTP/1.1 200 OK')
  })
})

function matches(name: string, keyType: 'rsa' | 'ecdsa'): boolean {
  return name.includes(keyType === 'rsa' ? '_RSA_WITH' : '_ECDSA_WITH')
}
