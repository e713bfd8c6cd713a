import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { digestOf, seededBytes, seededChunks } from '../support/seeded.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeAuthority, type Certificates } from './certificates.ts'
import { Client } from './client.ts'
import { startCountingProxy } from './counting-proxy.ts'
import {
  frontKinds,
  ownAddress,
  startFront,
  type FrontKind,
  type FrontOptions,
  type RunningFront,
} from './front.ts'
import { startRegistry } from './registry.ts'

const mebibyte = 1024 * 1024
const octets = { 'Content-Type': 'application/octet-stream' }
const repository = 'v2/team/app'

type Edits = Readonly<Record<FrontKind, FrontOptions['edits']>>

/** Health checks are connections as well. */
const withoutChecks: Edits = {
  nginx: {},
  haproxy: { 'haproxy.cfg': [['inter 2s', 'inter 1h']] },
}

const shortKeeping: Edits = {
  nginx: { 'upstream.conf': [['keepalive_timeout 60s', 'keepalive_timeout 1s']] },
  haproxy: {
    'haproxy.cfg': [
      ['inter 2s', 'inter 1h'],
      ['pool-purge-delay 60s', 'pool-purge-delay 100ms'],
    ],
  },
}

for (const kind of frontKinds) {
  void test(`registries that come and go behind ${kind}`, async (t) => {
    if (!requireProgram(t, kind, 'openssl') || !requireRoot(t)) return
    // Folders that registries share are removed at the very end: a registry that still runs would make them again.
    const authority = await makeAuthority(t)
    const client = new Client(authority)
    const start = (sub: TestContext, registries: readonly string[], edits?: FrontOptions['edits']) =>
      startTlsFront(sub, authority, { kind, registries, ...(edits && { edits }) })

    await t.test('any replica takes any request of an upload', async (sub) => {
      const root = temporaryFolder(t).path
      const replicas = [await startRegistry({ root }, sub), await startRegistry({ root }, sub)]
      const front = await start(
        sub,
        replicas.map(({ at }) => at),
      )
      const chunks = Array.from({ length: 6 }, (_, index) => seededBytes(`replica ${index}`, 10_000))
      const begin = `${front.origin}/${repository}/blobs/uploads/`
      let { headers } = await client.expect(202, 'POST', begin, { body: '' })
      for (const chunk of chunks) {
        const location = String(headers.location)
        headers = (await client.expect(202, 'PATCH', location, { headers: octets, body: chunk })).headers
      }
      const put = new URL(String(headers.location))
      const digest = digestOf(Buffer.concat(chunks))
      put.searchParams.set('digest', digest)
      await client.expect(201, 'PUT', put, { body: '' })
      const back = await client.expect(200, 'GET', `${front.origin}/${repository}/blobs/${digest}`)
      assert.equal(digestOf(back.body), digest)
      for (const replica of replicas) {
        // Only then is the whole log written.
        await replica.stop()
        assert.match(replica.output(), /"PATCH \/v2\/team\/app\/blobs\/uploads\//)
      }
    })

    await t.test('replicas are restarted one after the other, and no pull fails', async (sub) => {
      const root = temporaryFolder(t).path
      const replicas = [await startRegistry({ root }, sub), await startRegistry({ root }, sub)]
      const front = await start(
        sub,
        replicas.map(({ at }) => at),
        { ...(kind === 'nginx' && { 'upstream.conf': [['fail_timeout=5s', 'fail_timeout=1s']] }) },
      )
      const small = await pushBlob(client, front, 'small', 1000)
      const large = await pushBlob(client, front, 'large', 20 * mebibyte)
      const agent = new Agent({ keepAlive: true })
      sub.after(() => agent.destroy())
      const done = new AbortController()
      let pulls = 0
      const pull = async (digest: string, options: { agent?: Agent }): Promise<void> => {
        while (!done.signal.aborted) {
          const { body } = await client.expect(
            200,
            'GET',
            `${front.origin}/${repository}/blobs/${digest}`,
            options,
          )
          assert.equal(digestOf(body), digest)
          pulls += 1
        }
      }
      const pulling = Promise.all([
        pull(small, { agent }),
        pull(small, {}),
        pull(large, { agent }),
        pull(large, {}),
      ])
      const restarting = (async () => {
        for (const [index, replica] of replicas.entries()) {
          await delay(3500)
          await replica.stop()
          replicas[index] = await startRegistry({ root, at: replica.at }, sub)
        }
        await delay(500)
        done.abort()
      })()
      await Promise.all([pulling, restarting])
      assert.ok(pulls > 50, `${pulls}`)
    })

    if (kind === 'haproxy')
      await t.test('a single registry is restarted, and no pull fails', async (sub) => {
        const root = temporaryFolder(t).path
        const registry = await startRegistry({ root }, sub)
        const front = await start(sub, [registry.at])
        const digest = await pushBlob(client, front, 'one', 3 * mebibyte)
        const pull = async () =>
          digestOf((await client.expect(200, 'GET', `${front.origin}/${repository}/blobs/${digest}`)).body)
        const restarting = registry.stop().then(() => startRegistry({ root, at: registry.at }, sub))
        for (let time = 0; time < 10; time++) assert.equal(await pull(), digest)
        await restarting
        assert.equal(await pull(), digest)
      })

    await t.test('a registry that is killed within a pull: the client is told, and goes on', async (sub) => {
      const root = temporaryFolder(t).path
      const registry = await startRegistry({ root }, sub)
      const front = await start(sub, [registry.at])
      const size = 90 * mebibyte
      const digest = await pushBlob(client, front, 'killed', size)
      const url = `${front.origin}/${repository}/blobs/${digest}`
      const hash = createHash('sha256')
      let received = 0
      let killed: Promise<void> | undefined
      await assert.rejects(
        client.call('GET', url, {
          onChunk: async (chunk, pause) => {
            hash.update(chunk)
            received += chunk.length
            if (received < 5 * mebibyte || killed !== undefined) return
            const goOn = pause()
            killed = registry.kill()
            await killed
            goOn()
          },
        }),
        /broke off|aborted|ECONNRESET|socket hang up/,
      )
      assert.ok(received < size, 'a part')
      await startRegistry({ root, at: registry.at }, sub)
      // A front that knows a single registry may need a while to see it come back.
      await waitFor(async () => (await client.call('GET', `${front.origin}/v2/`)).status === 200)
      const rest = await client.expect(206, 'GET', url, { headers: { Range: `bytes=${received}-` } })
      assert.equal(`sha256:${hash.update(rest.body).digest('hex')}`, digest)
    })

    await t.test('a replica that is ill gets no requests', async (sub) => {
      const folder = temporaryFolder(t).path
      const root = join(folder, 'root')
      const ill = join(folder, 'ill')
      const health = { file: [{ file: ill, interval: '100ms', threshold: 1 }] }
      const patient = await startRegistry({ root, config: { health } }, sub)
      const well = await startRegistry({ root }, sub)
      writeFileSync(ill, '')
      const front = await start(sub, [patient.at, well.at], {
        ...(kind === 'haproxy' && { 'haproxy.cfg': [['inter 2s', 'inter 200ms']] }),
      })
      await waitFor(async () => (await client.call('GET', `http://${patient.at}/v2/`)).status === 503)
      await delay(1000)
      for (let time = 0; time < 20; time++) await client.expect(200, 'GET', `${front.origin}/v2/`)
    })

    await t.test('connections to the registry are kept, longer than Node would keep them', async (sub) => {
      const registry = await startRegistry({}, sub)
      const counter = await startCountingProxy(registry.at, sub)
      const front = await start(sub, [counter.at], withoutChecks[kind])
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      sub.after(() => agent.destroy())
      const uploads = `${front.origin}/${repository}/blobs/uploads/`
      const before = counter.connections
      await client.expect(202, 'POST', uploads, { body: '', agent })
      // Node's time-out is 5 s.
      await delay(7000)
      await client.expect(202, 'POST', uploads, { body: '', agent })
      assert.equal(counter.connections - before, 1)
    })

    await t.test('one that the front has given up is no failure', async (sub) => {
      const registry = await startRegistry({}, sub)
      const counter = await startCountingProxy(registry.at, sub)
      const front = await start(sub, [counter.at], shortKeeping[kind])
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      sub.after(() => agent.destroy())
      const uploads = `${front.origin}/${repository}/blobs/uploads/`
      for (let time = 0; time < 3; time++) {
        await client.expect(202, 'POST', uploads, { body: '', agent })
        assert.ok(counter.open > 0)
        await waitFor(() => Promise.resolve(counter.open === 0))
      }
    })

    await t.test('nor is one that the registry has given up', async (sub) => {
      const registry = await startRegistry({}, sub)
      const proxy = await startTcpProxy(Number(registry.at.split(':')[1]), sub)
      const front = await start(sub, [proxy.host])
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      sub.after(() => agent.destroy())
      for (let time = 0; time < 5; time++) {
        await client.expect(200, 'GET', `${front.origin}/v2/`, { agent })
        proxy.cut()
      }
    })
  })
}

async function startTlsFront(
  t: TestContext,
  authority: Certificates,
  options: Pick<FrontOptions, 'kind' | 'registries' | 'edits'>,
): Promise<RunningFront> {
  const address = ownAddress()
  return await startFront({ ...options, address, tls: await authority.issue([address]) }, t)
}

async function pushBlob(client: Client, front: RunningFront, seed: string, size: number): Promise<string> {
  const uploads = `${front.origin}/${repository}/blobs/uploads/`
  const { headers } = await client.expect(202, 'POST', uploads, { body: '' })
  const hash = createHash('sha256')
  for (const chunk of seededChunks(seed, size)) hash.update(chunk)
  const digest = `sha256:${hash.digest('hex')}`
  const put = new URL(String(headers.location))
  put.searchParams.set('digest', digest)
  await client.expect(201, 'PUT', put, { headers: octets, body: Readable.from(seededChunks(seed, size)) })
  return digest
}

async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time')
    await delay(50)
  }
}
