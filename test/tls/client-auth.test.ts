import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { clientRefusal } from '../../src/tls/client-check.ts'
import type { TlsFiles } from '../../src/tls/files.ts'
import { loadCertificates } from '../../src/tls/load.ts'
import { policyOptions, type ClientAuth, type PolicyOptions } from '../../src/tls/policy.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates, type Certificates, type Issued } from './certificates.ts'
import { connect, type ClientOptions } from './s-client.ts'
import { startServer, type TestServer } from './test-server.ts'

type Client = 'none' | 'good' | 'selfSigned' | 'wrongRoot' | 'expired'

const clients: readonly Client[] = ['none', 'good', 'selfSigned', 'wrongRoot', 'expired']

/** Whom Go's crypto/tls lets in. */
const admitted: Readonly<Record<ClientAuth, readonly Client[]>> = {
  'request-client-cert': clients,
  'require-any-client-cert': ['good', 'selfSigned', 'wrongRoot', 'expired'],
  'verify-client-cert-if-given': ['none', 'good'],
  'require-and-verify-client-cert': ['good'],
}
const modes = Object.keys(admitted) as ClientAuth[]
const versions = ['tls1_2', 'tls1_3'] as const

const folder = temporaryFolder()
let certificates: Certificates
before(async () => {
  certificates = await makeCertificates(folder.path)
})
after(() => folder.remove())

function files(): TlsFiles {
  const { chain, key } = certificates.server.ecdsa
  return { certificate: chain, key, clientCas: [certificates.clientRoot.certificate] }
}

interface ServerOptions {
  readonly ticketKeys?: Buffer
  readonly clientCas?: readonly string[]
}

async function start(
  clientAuth: ClientAuth,
  test: Cleaner,
  options: ServerOptions = {},
): Promise<TestServer> {
  const { ticketKeys, clientCas } = options
  const loaded = await loadCertificates({ ...files(), ...(clientCas && { clientCas }) })
  return await startServer(
    {
      options: { ...policyOf(clientAuth), ...loaded.context, ...(ticketKeys && { ticketKeys }) },
      admits: (socket) => clientRefusal(socket, clientAuth) === undefined,
    },
    test,
  )
}

function policyOf(clientAuth: ClientAuth): PolicyOptions {
  return policyOptions({ minimum: 'tls1.2', cipherSuites: [], clientAuth }, true)
}

function certificateOf(client: Client): Issued | undefined {
  return client === 'none' ? undefined : certificates.client[client]
}

function clientOptions(port: number, version: (typeof versions)[number], client: Client): ClientOptions {
  const certificate = certificateOf(client)
  return {
    port,
    version,
    ca: certificates.root.certificate,
    ...(certificate && { certificate }),
  }
}

describe('client certificates', () => {
  for (const mode of modes) {
    it(`${mode} admits those that Go admits`, async (t) => {
      const { port, requests } = await start(mode, t)
      for (const version of versions) {
        const answered: Client[] = []
        for (const client of clients) {
          const earlier = requests.length
          const { answer, output } = await connect(clientOptions(port, version, client))
          assert.equal(requests.length - earlier, answer === '' ? 0 : 1, `the handler saw it\n${output}`)
          if (answer === 'HTTP/1.1 200 OK') answered.push(client)
          else assert.equal(answer, '')
        }
        assert.deepEqual(answered, admitted[mode], version)
      }
    })
  }
})

describe('a refused client', () => {
  it('is told that a certificate is required, where Node can', async (t) => {
    const { port } = await start('require-and-verify-client-cert', t)
    const modern = await connect(clientOptions(port, 'tls1_3', 'none'))
    assert.match(modern.output, /alert certificate required/)
    const old = await connect(clientOptions(port, 'tls1_2', 'none'))
    assert.match(old.output, /alert handshake failure/)
  })

  it('gets no answer over HTTP/2 either', async (t) => {
    const { port, requests } = await start('require-any-client-cert', t)
    const ca = await readFile(certificates.root.certificate)
    const { certificate, key } = certificates.client.selfSigned
    const own = { cert: await readFile(certificate), key: await readFile(key) }
    const status = async (identity: Partial<typeof own>): Promise<number | undefined> => {
      const session = connectHttp2(`https://localhost:${port}`, { ca, ...identity })
      session.on('error', () => {})
      const request = session.request({ ':path': '/v2/' })
      const result = await new Promise<number | undefined>((resolve) => {
        request.on('response', (headers) => resolve(headers[':status']))
        request.on('error', () => {})
        request.on('close', () => resolve(undefined))
      })
      session.destroy()
      return result
    }
    assert.equal(await status({}), undefined)
    assert.deepEqual(requests, [])
    assert.equal(await status(own), 200)
    assert.deepEqual(requests, ['HTTP/2.0 GET /v2/'])
  })
})

describe('client certificates and resumed sessions', () => {
  for (const version of versions) {
    for (const mode of modes) {
      it(`${mode} gives a resumed session what the first one got (${version})`, async (t) => {
        const { port } = await start(mode, t)
        for (const client of clients) {
          const session = join(folder.path, `session-${mode}-${version}-${client}`)
          const first = await connect({ ...clientOptions(port, version, client), keepSession: session })
          // A client that is refused need not get a session.
          if (!existsSync(session)) {
            assert.equal(first.answer, '', client)
            continue
          }
          const { certificate: _, ...withoutCertificate } = clientOptions(port, version, client)
          const second = await connect({ ...withoutCertificate, resume: session })
          assert.equal(second.answer, first.answer, client)
          if (first.answer !== '') assert.ok(second.isResumed, `${client} resumed\n${second.output}`)
        }
      })
    }

    it(`a session that began without a certificate ends before those that need one (${version})`, async (t) => {
      // As if it had been begun before the mode was changed, or in another process.
      const ticketKeys = randomBytes(48)
      const lax = await start('request-client-cert', t, { ticketKeys })
      for (const [client, mode] of [
        ['none', 'require-any-client-cert'],
        ['none', 'require-and-verify-client-cert'],
        ['selfSigned', 'verify-client-cert-if-given'],
        ['selfSigned', 'require-and-verify-client-cert'],
        ['expired', 'require-and-verify-client-cert'],
      ] as const) {
        const session = join(folder.path, `session-lax-${mode}-${version}-${client}`)
        await connect({ ...clientOptions(lax.port, version, client), keepSession: session })
        const strict = await start(mode, t, { ticketKeys })
        const { answer, isEstablished, isResumed } = await connect({
          ...clientOptions(strict.port, version, 'none'),
          resume: session,
        })
        assert.ok(!isEstablished || isResumed, 'the session was taken, or there was none')
        assert.equal(answer, '', `${client} at ${mode}`)
        assert.deepEqual(strict.requests, [])
      }
    })
  }

  it('a new context forgets the sessions of the old one', async (t) => {
    const mode = 'require-and-verify-client-cert'
    const { listener, port } = await start(mode, t)
    const session = join(folder.path, 'session-old-authorities')
    const first = await connect({ ...clientOptions(port, 'tls1_3', 'good'), keepSession: session })
    assert.equal(first.answer, 'HTTP/1.1 200 OK')
    const other = await loadCertificates({ ...files(), clientCas: [certificates.root.certificate] })
    listener.setSecureContext({ ...policyOf(mode), ...other.context })
    const second = await connect({ ...clientOptions(port, 'tls1_3', 'good'), resume: session })
    assert.equal(second.isResumed, false)
    assert.equal(second.answer, '')
  })
})

describe('client authorities', () => {
  const mode = 'require-and-verify-client-cert'

  it('may be an intermediate without its root, as for Go', async (t) => {
    const authority = await certificates.issue({
      name: 'client-intermediate',
      use: 'authority',
      issuer: certificates.clientRoot,
    })
    const client = await certificates.issue({ name: 'client-below', use: 'client', issuer: authority })
    const { port } = await start(mode, t, { clientCas: [authority.certificate] })
    const { answer, output } = await connect({
      ...clientOptions(port, 'tls1_3', 'none'),
      certificate: client,
    })
    assert.equal(answer, 'HTTP/1.1 200 OK', output)
    for (const other of clients)
      assert.equal((await connect(clientOptions(port, 'tls1_3', other))).answer, '', other)
  })

  it('may be the certificate of a client that signed itself', async (t) => {
    const { port } = await start(mode, t, { clientCas: [certificates.client.selfSigned.certificate] })
    for (const client of clients) {
      const expected = client === 'selfSigned' ? 'HTTP/1.1 200 OK' : ''
      assert.equal((await connect(clientOptions(port, 'tls1_3', client))).answer, expected, client)
    }
  })

  it('may be several, in several files', async (t) => {
    const { port } = await start(mode, t, {
      clientCas: [certificates.root.certificate, certificates.clientRoot.certificate],
    })
    for (const client of ['good', 'wrongRoot'] as const)
      assert.equal((await connect(clientOptions(port, 'tls1_3', client))).answer, 'HTTP/1.1 200 OK')
  })

  it('does not admit the certificate of a server', async (t) => {
    const { port } = await start(mode, t, { clientCas: [certificates.root.certificate] })
    const { certificate: leaf, chain, key } = certificates.server.ecdsa
    assert.notEqual(leaf, chain)
    const { answer } = await connect({
      ...clientOptions(port, 'tls1_3', 'none'),
      certificate: { certificate: chain, key },
    })
    assert.equal(answer, '')
  })
})
