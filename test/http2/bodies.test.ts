import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request as startRequest } from 'node:https'
import { constants } from 'node:http2'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { RegistryError } from '../../src/registry/errors.ts'
import { FilesystemDriver } from '../../src/storage/filesystem/driver.ts'
import { contentOf, locationPath, octets, type Content } from '../http/content.ts'
import { outcome } from '../http/in-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { frame } from './frames.ts'
import { flag, frameType, openRaw, request, rstStream, type RawConnection } from './raw-connection.ts'
import { startOver, transports, type Way } from './transports.ts'

const mebibyte = 1024 * 1024

/** A connection whose client may send as much as the server allows from the start. */
async function open(way: Way): Promise<RawConnection> {
  const connection = await openRaw(way.port, way.ca === undefined ? {} : { ca: way.ca })
  await connection.find(({ type, flags }) => type === frameType.settings && flags === flag.ack)
  return connection
}

async function push(way: Way, blob: Content): Promise<void> {
  const path = `/v2/a/blobs/uploads/?digest=${blob.digest}`
  const answer = await way.call('POST', path, { headers: octets, body: blob.content })
  assert.equal(answer.status, 201)
}

for (const transport of ['HTTP/2 over TLS', 'HTTP/2 without TLS'] as const) {
  void test(`a body that breaks off is not taken for a whole one: ${transport}`, async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const way = await startOver(t, transport)
    const half = contentOf(randomBytes(100_000))
    const data = (stream: number): Buffer[] =>
      Array.from({ length: 10 }, (_, index) =>
        frame(frameType.data, 0, stream, half.content.subarray(index * 10_000, (index + 1) * 10_000)),
      )
    for (const [what, end] of Object.entries({
      'the client cancels': (connection: RawConnection) =>
        connection.write(rstStream(1, constants.NGHTTP2_CANCEL)),
      'the client gives it up without an error': (connection: RawConnection) =>
        connection.write(rstStream(1, constants.NGHTTP2_NO_ERROR)),
      'the connection ends': (connection: RawConnection) => connection.socket.end(),
      'the connection is cut': (connection: RawConnection) => connection.destroy(),
    })) {
      await t.test(what, async () => {
        const post = await open(way)
        const path = `/v2/a/blobs/uploads/?digest=${half.digest}`
        post.write(request(1, 'POST', path, {}, false), ...data(1))
        await delay(100)
        end(post)

        const upload = locationPath(await way.call('POST', '/v2/a/blobs/uploads/'))
        const patch = await open(way)
        patch.write(request(1, 'PATCH', upload, {}, false), ...data(1))
        await delay(100)
        end(patch)
        await delay(200)
        assert.equal(outcome(await way.call('GET', `/v2/a/blobs/${half.digest}`)), '404 BLOB_UNKNOWN')
        // What came is kept, for the client to go on from there.
        assert.equal((await way.call('GET', upload)).headers.range, '0-99999')
        post.destroy()
        patch.destroy()
      })
    }
  })
}

/** Reads in fits and starts, so that the server's buffers wait at every stage. */
async function digestSlowly(body: Readable): Promise<string> {
  const hash = createHash('sha256')
  let chunks = 0
  for await (const chunk of body) {
    hash.update(chunk as Buffer)
    if (++chunks % 40 === 0) await delay(Math.random() * 15)
  }
  return `sha256:${hash.digest('hex')}`
}

async function pull(way: Way, digest: string): Promise<string> {
  const path = `/v2/a/blobs/${digest}`
  if (way.session !== undefined) return await digestSlowly(way.session.request({ ':path': path }))
  return await new Promise((resolve, reject) => {
    const ca = way.ca === undefined ? {} : { ca: way.ca }
    startRequest(way.origin + path, { agent: false, ...ca }, (response) => {
      digestSlowly(response).then(resolve, reject)
    })
      .on('error', reject)
      .end()
  })
}

for (const transport of transports) {
  void test(`many bodies at once come whole, both ways: ${transport}`, async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const driver = new FilesystemDriver({ rootDirectory: temporaryFolder(t).path })
    const way = await startOver(t, transport, { driver })
    // More than there are large buffers (util/stream-buffers.ts), which are used again and again.
    const blobs = Array.from({ length: 12 }, () => contentOf(randomBytes(5 * mebibyte + 12_345)))
    // The server compares the digests; with known lengths and without.
    await Promise.all(
      blobs.map(async ({ digest, content }, index) => {
        const answer = await way.call('POST', `/v2/a/blobs/uploads/?digest=${digest}`, {
          headers: octets,
          body: content,
          chunked: index % 2 === 0,
        })
        assert.equal(answer.status, 201, answer.body.toString())
      }),
    )
    const twice = [...blobs, ...blobs]
    const digests = await Promise.all(twice.map(({ digest }) => pull(way, digest)))
    assert.deepEqual(
      digests,
      twice.map(({ digest }) => digest),
    )
  })
}

void test('a stream on which nothing moves is given up, and its connection serves on', async (t) => {
  const settings = { stallMilliseconds: 300, answerStallMilliseconds: 300 }
  const way = await startOver(t, 'HTTP/2 without TLS', { settings })

  await t.test('a body that does not come: 408', async () => {
    const connection = await open(way)
    connection.write(request(1, 'PUT', '/v2/a/manifests/x', {}, false))
    connection.write(frame(frameType.data, 0, 1, Buffer.from('{')))
    const last = await connection.find(({ type, stream }) => type === frameType.rstStream && stream === 1)
    assert.equal(last?.payload.readUInt32BE(), constants.NGHTTP2_NO_ERROR)
    const body = connection.frames.filter(({ type, stream }) => type === frameType.data && stream === 1)
    assert.match(Buffer.concat(body.map(({ payload }) => payload)).toString(), /did not arrive in time/)
    assert.equal(body.at(-1)?.flags, flag.endStream)
    connection.write(request(3, 'GET', '/v2/'))
    assert.ok(await connection.find(({ stream }) => stream === 3))
    connection.destroy()
  })

  await t.test('an answer that is not taken', async () => {
    const blob = contentOf(randomBytes(mebibyte))
    await push(way, blob)
    const connection = await open(way)
    connection.write(request(1, 'GET', `/v2/a/blobs/${blob.digest}`))
    const last = await connection.find(({ type, stream }) => type === frameType.rstStream && stream === 1)
    assert.equal(last?.payload.readUInt32BE(), constants.NGHTTP2_INTERNAL_ERROR)
    connection.write(request(3, 'HEAD', '/v2/'))
    assert.ok(await connection.find(({ stream }) => stream === 3))
    connection.destroy()
  })

  await t.test('a small one, for which there is no room at all', async () => {
    const noRoom = { 4: 0 }
    const connection = await openRaw(way.port, { settings: noRoom })
    connection.write(request(1, 'GET', '/v2/none/tags/list'))
    const last = await connection.find(({ type, stream }) => type === frameType.rstStream && stream === 1)
    assert.equal(last?.payload.readUInt32BE(), constants.NGHTTP2_INTERNAL_ERROR)
    connection.destroy()
  })

  await t.test('and of a request that has not ended either', async () => {
    const connection = await openRaw(way.port, { settings: { 4: 0 } })
    connection.write(request(1, 'PUT', '/v2/UPPER/manifests/x', {}, false))
    const last = await connection.find(({ type, stream }) => type === frameType.rstStream && stream === 1)
    assert.equal(last?.payload.readUInt32BE(), constants.NGHTTP2_INTERNAL_ERROR)
    connection.destroy()
  })
})

void test('pulls that are given up, again and again, leave their connection as good as new', async (t) => {
  const way = await startOver(t, 'HTTP/2 without TLS')
  const blob = contentOf(randomBytes(8 * mebibyte))
  await push(way, blob)
  const connection = await open(way)
  // Less than Node remembers of resets (it allows a burst of a thousand); more than 64 MiB that were not sent.
  for (let number = 1; number < 600; number += 2) {
    connection.write(request(number, 'GET', `/v2/a/blobs/${blob.digest}`))
    const first = await connection.find(({ type, stream }) => type === frameType.headers && stream === number)
    assert.ok(first, `stream ${number}`)
    connection.write(rstStream(number, constants.NGHTTP2_CANCEL))
  }
  connection.write(request(601, 'GET', '/v2/'))
  const answer = await connection.find(({ stream }) => stream === 601)
  assert.equal(answer?.type, frameType.headers)
  connection.destroy()
})

void test('a failure within an answer is told, for what came is not all', async (t) => {
  const rootDirectory = temporaryFolder(t).path
  const driver = new FilesystemDriver({ rootDirectory })
  const openWhole = driver.open.bind(driver)
  driver.open = async (path, range) => {
    const object = await openWhole(path, range)
    if (object === undefined) return undefined
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of object ?? []) {
        yield chunk
        throw new RegistryError('STORAGE_UNAVAILABLE')
      }
    }
    return { size: object.size, close: () => object.close(), [Symbol.asyncIterator]: chunks }
  }
  const way = await startOver(t, 'HTTP/2 without TLS', { driver })
  const blob = contentOf(randomBytes(3 * mebibyte))
  await push(way, blob)
  const stream = way.session?.request({ ':path': `/v2/a/blobs/${blob.digest}` })
  assert.ok(stream)
  stream.resume()
  const code = await new Promise((resolve) => {
    stream.on('error', () => {})
    stream.on('close', () => resolve(stream.rstCode))
  })
  assert.equal(code, constants.NGHTTP2_INTERNAL_ERROR)
  assert.equal((await way.call('GET', '/v2/')).status, 200)
})
