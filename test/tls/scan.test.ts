import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it, type TestContext } from 'node:test'
import { startRegistry, type RegistryKind, type RunningRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates, type Certificates } from './certificates.ts'
import { connect } from './s-client.ts'
import { scan } from './scan.ts'

/** Berth with the same `http.tls` as Distribution 2.8 and 3: what clients get must be the same, in the same order of preference. */

const folder = temporaryFolder()
let certificates: Certificates
before(async () => {
  certificates = await makeCertificates(folder.path)
})
after(() => folder.remove())

type KeyType = 'rsa' | 'ecdsa'

interface Setting {
  readonly name: string
  readonly tls: Readonly<Record<string, unknown>>
  /** Distribution 3 does not start with what is older than TLS 1.2. */
  readonly peers: readonly RegistryKind[]
  readonly keyTypes: readonly KeyType[]
}

/** With and without forward secrecy, encryption that is authenticated and not, of both types of keys, and of TLS 1.3. */
const ciphersuites = [
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_AES_256_GCM_SHA384',
]
const both: readonly RegistryKind[] = ['distribution2', 'distribution3']
const settings: readonly Setting[] = [
  { name: 'the defaults', tls: {}, peers: both, keyTypes: ['rsa', 'ecdsa'] },
  { name: 'minimumtls tls1.2', tls: { minimumtls: 'tls1.2' }, peers: both, keyTypes: ['ecdsa'] },
  { name: 'minimumtls tls1.3', tls: { minimumtls: 'tls1.3', ciphersuites }, peers: both, keyTypes: ['rsa'] },
  { name: 'a list of ciphers', tls: { ciphersuites }, peers: both, keyTypes: ['rsa', 'ecdsa'] },
  {
    name: 'a list of ciphers of TLS 1.3',
    tls: { ciphersuites: ['TLS_AES_128_GCM_SHA256'] },
    peers: both,
    keyTypes: ['ecdsa'],
  },
  {
    name: 'minimumtls tls1.0',
    tls: { minimumtls: 'tls1.0' },
    peers: ['distribution2'],
    keyTypes: ['rsa'],
  },
  {
    name: 'minimumtls tls1.0 and a list of ciphers',
    tls: { minimumtls: 'tls1.0', ciphersuites },
    peers: ['distribution2'],
    keyTypes: ['rsa', 'ecdsa'],
  },
  {
    name: 'minimumtls tls1.1 and a list of ciphers',
    tls: { minimumtls: 'tls1.1', ciphersuites },
    peers: ['distribution2'],
    keyTypes: ['ecdsa'],
  },
]

async function start(
  kind: RegistryKind,
  keyType: KeyType,
  tls: Setting['tls'],
  test: TestContext,
): Promise<RunningRegistry> {
  const { chain: certificate, key } = certificates.server[keyType]
  const client = certificates.client.good
  return await startRegistry(
    {
      kind,
      tls: {
        ca: await readFile(certificates.root.certificate),
        cert: await readFile(client.certificate),
        key: await readFile(client.key),
      },
      config: { http: { tls: { certificate, key, ...tls } } },
    },
    test,
  )
}

function requirePeers(test: TestContext, peers: readonly RegistryKind[]): boolean {
  const programs = peers.map((kind) => (kind === 'distribution2' ? 'docker-registry' : 'distribution3'))
  return requireProgram(test, 'openssl', ...programs)
}

describe('a scan of versions and ciphers', () => {
  for (const { name, tls, peers, keyTypes } of settings) {
    it(`finds what Distribution has, with ${name}`, async (t) => {
      if (!requirePeers(t, peers)) return
      for (const keyType of keyTypes) {
        const berth = await start('berth', keyType, tls, t)
        const own = await scan(berth.port)
        assert.ok(own.length >= 3, own.join(', '))
        for (const kind of peers) {
          const peer = await start(kind, keyType, tls, t)
          assert.deepEqual(own, await scan(peer.port), `${keyType}, ${kind}`)
          await peer.stop()
        }
        await berth.stop()
      }
    })
  }

  it('differs in 3DES alone: no Node.js has it, so Berth says so and does not start', async (t) => {
    if (!requirePeers(t, both)) return
    const tls = { ciphersuites: ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', ...ciphersuites] }
    await assert.rejects(
      start('berth', 'rsa', tls, t),
      /TLS_RSA_WITH_3DES_EDE_CBC_SHA is not available, for the OpenSSL of this Node\.js is built without it/,
    )
    for (const kind of both) await (await start(kind, 'rsa', tls, t)).stop()
  })
})

describe('a chain', () => {
  it('is sent as Distribution sends it', async (t) => {
    if (!requirePeers(t, both)) return
    for (const kind of ['berth', ...both] as const) {
      const registry = await start(kind, 'ecdsa', {}, t)
      const { chain, isVerified } = await connect({ port: registry.port, ca: certificates.root.certificate })
      assert.deepEqual(chain, ['ecdsa', 'intermediate'], kind)
      assert.ok(isVerified, kind)
      await registry.stop()
    }
  })
})

describe('client certificates', () => {
  const modes = [
    'request-client-cert',
    'require-any-client-cert',
    'verify-client-cert-if-given',
    'require-and-verify-client-cert',
  ]
  for (const mode of [undefined, ...modes]) {
    it(`are asked for as Distribution does, with clientauth ${mode ?? 'not set'}`, async (t) => {
      // Distribution 2 knows no modes.
      const peers: readonly RegistryKind[] = mode === undefined ? both : ['distribution3']
      if (!requirePeers(t, peers)) return
      const tls = {
        clientcas: [certificates.clientRoot.certificate],
        ...(mode !== undefined && { clientauth: mode }),
      }
      const berth = await admitted(await start('berth', 'ecdsa', tls, t))
      assert.ok(berth.includes('tls1_3 good'))
      for (const kind of peers)
        assert.deepEqual(berth, await admitted(await start(kind, 'ecdsa', tls, t)), kind)
    })
  }
})

/** The clients that get an answer. It stops the registry. */
async function admitted(registry: RunningRegistry): Promise<readonly string[]> {
  const { port } = registry
  const found: string[] = []
  for (const version of ['tls1_2', 'tls1_3'] as const) {
    for (const [name, certificate] of Object.entries({ none: undefined, ...certificates.client })) {
      const { answer } = await connect({ port, version, ...(certificate && { certificate }) })
      if (answer === 'HTTP/1.1 200 OK') found.push(`${version} ${name}`)
    }
  }
  await registry.stop()
  return found
}
