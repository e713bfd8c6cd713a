import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { Readable } from 'node:stream'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { digestOf, seededBytes, seededChunks } from '../support/seeded.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { makeAuthority } from './certificates.ts'
import { Client } from './client.ts'
import { delayedWay } from './delayed-way.ts'
import { frontKinds, ownAddress, startFront, type FrontOptions } from './front.ts'
import { Http2Client } from './http2-client.ts'
import { startRegistry } from './registry.ts'
import { bytesBelow, reached } from './store.ts'

const mebibyte = 1024 * 1024
const octets = { 'Content-Type': 'application/octet-stream' }

/** What a front may take besides, for all its processes, whatever passes through it. */
const frontMemory = 64

/** Of every kind that could end an upload that goes on. */
const shortTimeouts: Readonly<Record<(typeof frontKinds)[number], FrontOptions['edits']>> = {
  nginx: {
    'proxy.conf': [
      ['proxy_read_timeout 900s', 'proxy_read_timeout 2s'],
      ['proxy_send_timeout 300s', 'proxy_send_timeout 2s'],
      ['client_body_timeout 300s', 'client_body_timeout 2s'],
      ['    send_timeout 300s', '    send_timeout 2s'],
    ].map(([from = '', to = '']) => [from.trim(), to.trim()] as const),
    'server.conf': [['client_header_timeout 30s', 'client_header_timeout 2s']],
  },
  haproxy: {
    'haproxy.cfg': [
      ['timeout client 300s', 'timeout client 2s'],
      ['timeout server 900s', 'timeout server 2s'],
      ['timeout http-request 30s', 'timeout http-request 2s'],
      ['timeout http-keep-alive 75s', 'timeout http-keep-alive 2s'],
    ],
  },
}

for (const kind of frontKinds) {
  void test(`uploads through ${kind}`, async (t) => {
    if (!requireProgram(t, kind, 'openssl') || !requireRoot(t)) return
    const authority = await makeAuthority(t)
    const address = ownAddress()
    const tls = await authority.issue([address])
    const client = new Client(authority)
    const registry = await startRegistry({}, t)
    const front = await startFront({ kind, registries: [registry.at], address, tls }, t)
    const uploads = `${front.origin}/v2/team/app/blobs/uploads/`
    const begin = async (): Promise<URL> => {
      const { headers } = await client.expect(202, 'POST', uploads, { body: '' })
      return new URL(String(headers.location))
    }

    /** A body of which the last third is held back until the first two have reached the store. */
    const heldBack = (seed: string, size: number) => {
      const before = bytesBelow(registry.root)
      const hash = createHash('sha256')
      const seen = { stored: 0, memory: 0, onDisk: 0, digest: () => `sha256:${hash.digest('hex')}` }
      const body = Readable.from(
        (async function* (): AsyncGenerator<Buffer> {
          let sent = 0
          for (const chunk of seededChunks(seed, size)) {
            if (sent === (size / 3) * 2) {
              // What lies in buffers on the way is less than a tenth.
              seen.stored = (await reached(sent * 0.9, () => bytesBelow(registry.root) - before)) / sent
              seen.memory = front.memory()
              seen.onDisk = bytesBelow(front.temporaryFolder)
            }
            hash.update(chunk)
            sent += chunk.length
            yield Buffer.from(chunk)
          }
        })(),
      )
      return { body, seen }
    }

    await t.test(
      '300 MiB arrive while they are still being sent, and nothing is kept on the way',
      async () => {
        const location = await begin()
        const memoryBefore = front.memory()
        const { body, seen } = heldBack(`${kind} 1`, 300 * mebibyte)
        const patched = await client.expect(202, 'PATCH', location, { headers: octets, body })
        assert.ok(seen.stored > 0.9, `${seen.stored} had reached the store`)
        assert.ok(seen.memory - memoryBefore < frontMemory, `${memoryBefore} MiB, then ${seen.memory}`)
        assert.equal(seen.onDisk, 0)

        const digest = seen.digest()
        const finish = new URL(String(patched.headers.location))
        finish.searchParams.set('digest', digest)
        await client.expect(201, 'PUT', finish, { body: '' })
        const hash = createHash('sha256')
        let size = 0
        let most = 0
        await client.expect(200, 'GET', `${front.origin}/v2/team/app/blobs/${digest}`, {
          onChunk: (chunk) => {
            hash.update(chunk)
            if (Math.floor(size / 30e6) !== Math.floor((size += chunk.length) / 30e6))
              most = Math.max(most, front.memory())
          },
        })
        assert.equal(`sha256:${hash.digest('hex')}`, digest)
        assert.ok(most > 0 && most - memoryBefore < frontMemory, `${memoryBefore} MiB, then ${most}`)
        assert.equal(bytesBelow(front.temporaryFolder), 0)
      },
    )

    await t.test('and of known length', async () => {
      const location = await begin()
      const { body, seen } = heldBack(`${kind} 2`, 90 * mebibyte)
      const headers = { ...octets, 'Content-Length': String(90 * mebibyte) }
      await client.expect(202, 'PATCH', location, { headers, body })
      assert.ok(seen.stored > 0.9, `${seen.stored} had reached the store`)
      assert.equal(seen.onDisk, 0)
    })

    await t.test('and over HTTP/2, where Location names the front as well', async (sub) => {
      const http2 = await Http2Client.open(front.origin, authority, sub)
      const started = await http2.call('POST', '/v2/team/app/blobs/uploads/')
      assert.equal(started.status, 202)
      const location = new URL(String(started.headers.location))
      assert.equal(location.origin, front.origin)
      const { body, seen } = heldBack(`${kind} 3`, 90 * mebibyte)
      const patched = await http2.call('PATCH', location.pathname, { headers: octets, body })
      assert.equal(patched.status, 202, patched.body.toString())
      assert.ok(seen.stored > 0.9, `${seen.stored} had reached the store`)
      assert.equal(seen.onDisk, 0)
      const blob = await http2.call('PUT', `${location.pathname}?digest=${seen.digest()}`)
      assert.equal(blob.status, 201, blob.body.toString())
    })

    await t.test('a client that waits for 100 Continue gets it', async () => {
      const content = seededBytes(`${kind} 4`, 3 * mebibyte)
      const asked = new EventEmitter()
      const mayGo = once(asked, 'continue')
      const body = Readable.from(
        (async function* (): AsyncGenerator<Buffer> {
          await mayGo
          yield content
        })(),
      )
      const location = await begin()
      await client.expect(202, 'PATCH', location, {
        headers: { ...octets, 'Content-Length': String(content.length), Expect: '100-continue' },
        body,
        onContinue: () => asked.emit('continue'),
      })
    })

    // nginx asks for every body itself, before the registry is asked.
    if (kind === 'haproxy')
      await t.test('and is not asked for what is refused', async () => {
        const nowhere = `${uploads}00000000-0000-4000-8000-000000000000`
        let asked = false
        const body = new Readable({ read: () => {} })
        await client.expect(404, 'PATCH', nowhere, {
          headers: { ...octets, 'Content-Length': '1000', Expect: '100-continue' },
          body,
          onContinue: () => (asked = true),
        })
        body.destroy()
        assert.equal(asked, false)
      })

    await t.test('an upload over HTTP/2 from afar is not slow', async (sub) => {
      if (!requireProgram(sub, 'toxiproxy')) return
      const way = await delayedWay(front.port, 100, front.address)
      sub.after(() => way.stop())
      const http2 = await Http2Client.open(front.origin, authority, sub, way.port)
      const started = await http2.call('POST', '/v2/team/app/blobs/uploads/')
      const location = new URL(String(started.headers.location))
      const body = Readable.from(seededChunks(`${kind} afar`, 8 * mebibyte))
      const began = performance.now()
      const patched = await http2.call('PATCH', location.pathname, { headers: octets, body })
      assert.equal(patched.status, 202)
      // 1 s with a window of 1 MiB, 13 s with one of 64 KiB.
      const seconds = (performance.now() - began) / 1000
      assert.ok(seconds < 7, `${seconds} s`)
    })

    await t.test('an upload that is not there is refused, however much is sent to it', async () => {
      const nowhere = `${uploads}00000000-0000-4000-8000-000000000000`
      const body = Readable.from(seededChunks(kind, 12 * mebibyte))
      await client.expect(404, 'PATCH', nowhere, { headers: octets, body })
    })

    await t.test('a pull is read no faster than its client reads', async (sub) => {
      const size = 90 * mebibyte
      const content = Readable.from(seededChunks(`${kind} pull`, size))
      const digest = digestOf(Buffer.concat([...seededChunks(`${kind} pull`, size)]))
      const put = await begin()
      put.searchParams.set('digest', digest)
      await client.expect(201, 'PUT', put, { headers: octets, body: content })

      const counted = await startTcpProxy(Number(registry.at.split(':')[1]), sub)
      const place = ownAddress()
      const tlsThere = await authority.issue([place])
      const other = await startFront({ kind, registries: [counted.host], address: place, tls: tlsThere }, sub)
      let atPause = 0
      let received = 0
      await client.expect(200, 'GET', `${other.origin}/v2/team/app/blobs/${digest}`, {
        onChunk: async (chunk, pause) => {
          received += chunk.length
          if (atPause > 0 || received < 5 * mebibyte) return
          atPause = 1
          const goOn = pause()
          // Until nothing more comes: then every buffer on the way is full.
          for (let before = -1; before < counted.sent; await delay(300)) before = counted.sent
          atPause = counted.sent
          goOn()
        },
      })
      assert.equal(received, size)
      // Mostly the kernel's, for four sockets.
      assert.ok(atPause < 50 * mebibyte, `${atPause} bytes had left the registry`)
    })

    await t.test('requests and answers with large headers pass', async () => {
      const headers = { Authorization: `Bearer ${'x'.repeat(60_000)}` }
      await client.expect(200, 'GET', `${front.origin}/v2/`, { headers })
    })

    await t.test('no time-out ends an upload that goes on', async (sub) => {
      const slowAddress = ownAddress()
      const slow = await startFront(
        {
          kind,
          registries: [registry.at],
          address: slowAddress,
          tls: await authority.issue([slowAddress]),
          ...(shortTimeouts[kind] && { edits: shortTimeouts[kind] }),
        },
        sub,
      )
      const start = await client.expect(202, 'POST', `${slow.origin}/v2/team/app/blobs/uploads/`, {
        body: '',
      })
      const pieces = Array.from({ length: 6 }, (_, index) => seededBytes(`${kind} slow ${index}`, 50_000))
      const body = Readable.from(
        (async function* (): AsyncGenerator<Buffer> {
          for (const piece of pieces) {
            await delay(900)
            yield piece
          }
        })(),
      )
      const began = performance.now()
      const put = new URL(String(start.headers.location))
      put.searchParams.set('digest', digestOf(Buffer.concat(pieces)))
      await client.expect(201, 'PUT', put, { headers: octets, body })
      assert.ok(performance.now() - began > 5000)
    })
  })
}
