import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import {
  contentOf,
  emptyConfig,
  image,
  locationPath,
  newBlob,
  octets,
  withDigest,
  type Content,
  type TypedContent,
} from '../http/content.ts'
import { contentHeaders, errorsOf, outcome } from '../http/in-process.ts'
import type { HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { requireProgram } from '../support/require-program.ts'
import { digestOf } from '../support/seeded.ts'
import { startOver, transports, type CallOptions, type Transport, type Way } from './transports.ts'

/** What a protocol may not send because it says it otherwise (RFC 9113, 8.2.2), or has no place for. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']

for (const transport of transports) {
  void test(transport, async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const way = await startOver(t, transport)
    await blobs(t, way)
    await uploads(t, way)
    await manifests(t, way)
    await refusals(t, way)
    await frames(t, way, transport)
  })
}

async function push(way: Way, repository: string, blob: Content): Promise<void> {
  const path = `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`
  const answer = await way.call('POST', path, { headers: octets, body: blob.content })
  assert.equal(answer.status, 201, answer.body.toString())
}

async function put(
  way: Way,
  reference: string,
  manifest: TypedContent,
  options: CallOptions = {},
): Promise<HttpResponse> {
  const headers = { 'content-type': manifest.mediaType }
  return await way.call('PUT', `/v2/a/manifests/${reference}`, {
    headers,
    body: manifest.content,
    ...options,
  })
}

async function blobs(t: TestContext, way: Way): Promise<void> {
  await t.test('blobs', async () => {
    const blob = newBlob(300_000)
    const path = `/v2/a/blobs/${blob.digest}`
    assert.equal(outcome(await way.call('GET', path)), '404 BLOB_UNKNOWN')
    await push(way, 'a', blob)
    const get = await way.call('GET', path)
    assert.equal(get.status, 200)
    assert.ok(get.body.equals(blob.content))
    const head = await way.call('HEAD', path)
    assert.equal(head.status, 200)
    assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))

    const part = await way.call('GET', path, { headers: { range: 'bytes=1000-200999' } })
    assert.equal(part.status, 206)
    assert.equal(part.headers['content-range'], 'bytes 1000-200999/300000')
    assert.ok(part.body.equals(blob.content.subarray(1000, 201_000)))
    const parts = await way.call('GET', path, { headers: { range: 'bytes=0-9,-10' } })
    assert.equal(parts.status, 206)
    assert.match(String(parts.headers['content-type']), /^multipart\/byteranges; boundary=/)
    const beyond = await way.call('GET', path, { headers: { range: 'bytes=300000-' } })
    assert.equal(outcome(beyond), '416 RANGE_INVALID')
    assert.equal(beyond.headers['content-range'], 'bytes */300000')

    const unchanged = await way.call('GET', path, { headers: { 'if-none-match': String(get.headers.etag) } })
    assert.equal(unchanged.status, 304)
    assert.equal(unchanged.body.length, 0)
    assert.equal((await way.call('GET', path, { headers: { 'if-match': '"other"' } })).status, 412)
    assert.equal((await way.call('DELETE', path)).status, 202)
    assert.equal(outcome(await way.call('GET', path)), '404 BLOB_UNKNOWN')
  })
}

async function uploads(t: TestContext, way: Way): Promise<void> {
  await t.test('uploads', async () => {
    const blob = newBlob(2_000_000)
    const start = await way.call('POST', '/v2/a/blobs/uploads/')
    assert.equal(start.status, 202)
    assert.ok(String(start.headers.location).startsWith(`${way.origin}/v2/a/blobs/uploads/`))
    const patch = await way.call('PATCH', locationPath(start), {
      headers: octets,
      body: blob.content.subarray(0, 1_500_000),
      chunked: true,
    })
    assert.equal(patch.status, 202)
    assert.equal(patch.headers.range, '0-1499999')
    const path = locationPath(patch)
    const status = await way.call('GET', path)
    assert.equal(status.status, 204)
    assert.equal(status.headers.range, '0-1499999')
    const misplaced = await way.call('PATCH', path, {
      headers: { ...octets, 'content-range': '7-9' },
      body: Buffer.from('abc'),
    })
    assert.equal(outcome(misplaced), '416 RANGE_INVALID')
    assert.equal(misplaced.headers.range, '0-1499999')
    const end = await way.call('PUT', withDigest(path, blob.digest), {
      headers: octets,
      body: blob.content.subarray(1_500_000),
    })
    assert.equal(end.status, 201)
    assert.equal(end.headers.location, `${way.origin}/v2/a/blobs/${blob.digest}`)
    assert.ok((await way.call('GET', `/v2/a/blobs/${blob.digest}`)).body.equals(blob.content))

    const mount = await way.call('POST', `/v2/b/blobs/uploads/?mount=${blob.digest}&from=a`)
    assert.equal(mount.status, 201)
    const other = await way.call('POST', '/v2/a/blobs/uploads/')
    assert.equal((await way.call('DELETE', locationPath(other))).status, 204)
    assert.equal(outcome(await way.call('GET', locationPath(other))), '404 BLOB_UPLOAD_UNKNOWN')
  })

  await t.test('an empty body, said with a length and without', async () => {
    const empty = digestOf('')
    for (const options of [{}, { body: Buffer.alloc(0) }, { body: Buffer.alloc(0), chunked: true }]) {
      const start = await way.call('POST', '/v2/a/blobs/uploads/', options)
      assert.equal(start.status, 202)
      const end = await way.call('PUT', withDigest(locationPath(start), empty), options)
      assert.equal(end.status, 201)
    }
  })

  await t.test('a digest that is not that of the bytes', async () => {
    const path = `/v2/a/blobs/uploads/?digest=${digestOf('other')}`
    const answer = await way.call('POST', path, { headers: octets, body: Buffer.from('bytes') })
    assert.equal(outcome(answer), '400 DIGEST_INVALID')
  })
}

async function manifests(t: TestContext, way: Way): Promise<void> {
  await t.test('manifests, tags, referrers, the catalog', async () => {
    await push(way, 'a', emptyConfig)
    const manifest = image()
    assert.equal((await put(way, 'latest', manifest)).status, 201)
    const get = await way.call('GET', '/v2/a/manifests/latest')
    assert.deepEqual(get.body, manifest.content)
    assert.equal(get.headers['docker-content-digest'], manifest.digest)
    const head = await way.call('HEAD', '/v2/a/manifests/latest')
    assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
    assert.deepEqual((await way.call('GET', '/v2/a/tags/list')).json(), { name: 'a', tags: ['latest'] })
    const { repositories } = (await way.call('GET', '/v2/_catalog')).json() as { repositories: string[] }
    assert.ok(repositories.includes('a'))
    const referrers = await way.call('GET', `/v2/a/referrers/${manifest.digest}`)
    assert.equal(referrers.headers['content-type'], mediaTypes.ociIndex)
    assert.equal((await way.call('DELETE', '/v2/a/manifests/latest')).status, 202)
    assert.equal(outcome(await way.call('GET', '/v2/a/manifests/latest')), '404 MANIFEST_UNKNOWN')
  })
}

async function refusals(t: TestContext, way: Way): Promise<void> {
  await t.test('what is refused', async () => {
    assert.equal(outcome(await way.call('GET', '/v2/UPPER/tags/list')), '400 NAME_INVALID')
    const other = await way.call('PATCH', '/v2/a/manifests/latest', { body: Buffer.from('x') })
    assert.equal(outcome(other), '405 UNSUPPORTED')
    assert.equal(other.headers.allow, 'DELETE, GET, HEAD, PUT')
    assert.equal((await way.call('GET', '/nothing')).status, 404)
    assert.equal((await way.call('GET', '/v2/%zz')).status, 400)
  })

  await t.test('a body that nobody wants, again and again: the client is told why', async () => {
    // More often than there may be streams at once.
    const large = { ...contentOf(Buffer.alloc(4_500_000)), mediaType: mediaTypes.ociManifest }
    const count = way.session === undefined ? 5 : 130
    for (let time = 0; time < count; time++) {
      const answer = await put(way, 'large', large, time % 10 === 0 ? {} : { chunked: true })
      assert.equal(outcome(answer), '413 MANIFEST_INVALID')
    }
    const path = '/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000'
    const answer = await way.call('PATCH', path, { headers: octets, body: large.content })
    assert.equal(errorsOf(answer)[0]?.code, 'BLOB_UPLOAD_UNKNOWN')
  })
}

async function frames(t: TestContext, way: Way, transport: Transport): Promise<void> {
  await t.test('headers of answers are those of the protocol', async () => {
    const answers = [
      await way.call('GET', '/v2/'),
      await way.call('HEAD', '/v2/'),
      await way.call('GET', '/v2/none/manifests/x'),
      await way.call('PUT', '/v2/a/manifests/x', { body: Buffer.alloc(5_000_000) }),
    ]
    for (const { headers } of answers) {
      assert.match(String(headers.date), / GMT$/)
      if (transport === 'HTTP/1.1 over TLS') continue
      for (const name of hopByHop) assert.ok(!(name in headers), name)
    }
  })

  const { session } = way
  if (session === undefined) return

  await t.test('100 Continue is said when the bytes are wanted, and not when they are refused', async () => {
    const content = Buffer.from('continue')
    const ask = async (path: string): Promise<{ status: number; continued: boolean }> =>
      await new Promise((resolve, reject) => {
        const headers = { ':method': 'POST', ':path': path, expect: '100-continue', ...octets }
        const stream = session.request(headers)
        let continued = false
        stream.on('continue', () => {
          continued = true
          stream.end(content)
        })
        stream.on('error', reject)
        stream.on('response', (fields) => {
          resolve({ status: Number(fields[':status']), continued })
          stream.resume()
        })
      })
    const wanted = await ask(`/v2/a/blobs/uploads/?digest=${digestOf(content)}`)
    assert.deepEqual(wanted, { status: 201, continued: true })
    const refused = await ask(`/v2/UPPER/blobs/uploads/?digest=${digestOf(content)}`)
    assert.deepEqual(refused, { status: 400, continued: false })
  })

  await t.test('other expectations are none, and trailers are nobody’s', async () => {
    const answer = await way.call('GET', '/v2/', { headers: { expect: 'the-unexpected' } })
    assert.equal(answer.status, 200)
    const content = Buffer.from('trailers')
    const stream = session.request(
      { ':method': 'POST', ':path': `/v2/a/blobs/uploads/?digest=${digestOf(content)}`, ...octets },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': '1' }))
    stream.end(content)
    const status = await new Promise((resolve, reject) => {
      stream.on('response', (fields) => resolve(fields[':status']))
      stream.on('error', reject)
    })
    stream.resume()
    assert.equal(status, 201)
  })

  await t.test(':authority counts as Host', async () => {
    const start = await way.call('POST', '/v2/a/blobs/uploads/', {
      headers: { ':authority': 'registry.example:8443' },
    })
    const scheme = way.ca === undefined ? 'http' : 'https'
    assert.ok(String(start.headers.location).startsWith(`${scheme}://registry.example:8443/v2/`))
  })
}
