import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, Socket } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { memoryLog } from '../../test/acme/site.ts'
import { temporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts'
import { makeCertificate, type Issued } from '../../test/tls/certificates.ts'
import type { CertificateCache, SharedChallenges } from './cache.ts'
import { Challenges } from './challenges.ts'
import type { HostName } from './host-name.ts'
import { takeValidators } from './validators.ts'

const host = 'registry.example.com' as HostName

function cacheOf(challenges?: Partial<SharedChallenges>): CertificateCache {
  const none: SharedChallenges = {
    put: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    isAnyPending: () => Promise.resolve(false),
  }
  return {
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve(),
    ...(challenges && { challenges: { ...none, ...challenges } }),
  }
}

/** @returns the name in the certificate that a client is shown, and the protocol that was agreed on */
function shown(port: number, servername: string, ALPNProtocols: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername, ALPNProtocols, rejectUnauthorized: false }
    const socket = connectTls(options, () => {
      const { subject } = new X509Certificate(socket.getPeerCertificate().raw)
      resolve(`${subject} ${String(socket.alpnProtocol)}`)
      socket.resume()
    })
    socket.on('error', reject)
  })
}

describe('a new connection', () => {
  let folder: TemporaryFolder
  let own: Issued
  let answer: Issued
  before(async () => {
    folder = temporaryFolder()
    own = await makeCertificate(folder.path, { name: 'own', hosts: [host] })
    answer = await makeCertificate(folder.path, { name: 'answer', hosts: [host] })
  })
  after(() => folder.remove())

  /** A TLS server behind challenges. */
  async function startServer(t: TestContext, challenges: Challenges): Promise<number> {
    const tls = createTlsServer(
      {
        key: readFileSync(own.key),
        cert: readFileSync(own.certificate),
        ALPNProtocols: ['h2', 'http/1.1'],
      },
      (socket) => socket.end(),
    )
    tls.on('tlsClientError', () => {})
    const server = createServer((socket) =>
      takeValidators(challenges, socket, (next) => tls.emit('connection', next)),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      challenges.close()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  function pair(): { readonly key: string; readonly chain: string } {
    return { key: readFileSync(answer.key, 'utf8'), chain: readFileSync(answer.certificate, 'utf8') }
  }

  it('is handed on at once when nothing is pending, and nobody shares the cache', () => {
    const challenges = new Challenges(cacheOf(), memoryLog([]))
    const socket = new Socket()
    const handed: Socket[] = []
    takeValidators(challenges, socket, (next) => handed.push(next))
    assert.deepEqual(handed, [socket])
    assert.equal(socket.eventNames().includes('readable'), false)
  })

  it('makes us look for what others have pending, once a second at most', async () => {
    let looks = 0
    const isAnyPending = (): Promise<boolean> => {
      looks++
      return Promise.resolve(false)
    }
    const challenges = new Challenges(cacheOf({ isAnyPending }), memoryLog([]))
    assert.deepEqual([await challenges.isPending(), challenges.isPending()], [false, false])
    assert.equal(looks, 1)
  })

  it('is handed on in the end when that look hangs or fails, and nothing ends when it breaks meanwhile', async (t) => {
    for (const isAnyPending of [
      () => new Promise<boolean>(() => {}),
      () => Promise.reject(new Error('EIO')),
    ]) {
      const port = await startServer(t, new Challenges(cacheOf({ isAnyPending }), memoryLog([])))
      const broken = connect(port, '127.0.0.1', () => broken.resetAndDestroy())
      assert.equal(await shown(port, host, ['h2']), 'CN=own h2')
    }
  })

  it("is answered while a challenge is pending when it is a validator's, and handed on when it is not", async (t) => {
    const challenges = new Challenges(cacheOf(), memoryLog([]))
    const port = await startServer(t, challenges)
    await assert.rejects(shown(port, host, ['acme-tls/1']))
    const withdraw = await challenges.presentTlsAlpn01(host, pair())
    assert.equal(await shown(port, host, ['acme-tls/1']), 'CN=answer acme-tls/1')
    assert.equal(await shown(port, host, ['h2', 'http/1.1']), 'CN=own h2')
    assert.equal(await shown(port, host, ['acme-tls/1', 'h2']), 'CN=own h2')
    assert.equal(await shown(port, host, []), 'CN=own false')
    await assert.rejects(shown(port, 'other.example.com', ['acme-tls/1']))
    await withdraw()
    await assert.rejects(shown(port, host, ['acme-tls/1']))
    assert.equal(await shown(port, host, ['h2']), 'CN=own h2')
  })
})
