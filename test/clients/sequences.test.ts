import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as startRequest } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { http, type HttpOptions, type HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { checkBlob, readBlob, readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'

/**
 * Sequences of requests that clients which are not installed here are known for. Each is what such a client sends, and
 * what it needs to hear.
 */

const octets = { 'Content-Type': 'application/octet-stream' }

interface Blob {
  readonly content: Buffer
  readonly digest: string
}

void test('sequences of other clients', async (t) => {
  const registry = await startRegistry({}, t)
  let seeds = 0

  const call = (method: string, path: string, options?: HttpOptions): Promise<HttpResponse> =>
    http(method, new URL(path, registry.url).href, options)
  const makeBlob = (size: number): Blob => {
    const content = seededBytes(`sequence ${seeds++}`, size)
    return { content, digest: digestOf(content) }
  }
  /** Where to go on with an upload: `Location` may be relative or absolute. */
  const next = (answer: HttpResponse): string => {
    assert.ok(answer.headers.location, `Location in the answer ${answer.status}`)
    return new URL(answer.headers.location, registry.url).href
  }
  const open = async (repository: string, query = ''): Promise<string> => {
    const answer = await call('POST', `/v2/${repository}/blobs/uploads/${query}`)
    assert.equal(answer.status, 202, answer.body.toString())
    return next(answer)
  }
  const commit = async (location: string, blob: Blob, options: HttpOptions = {}): Promise<void> => {
    const answer = await call('PUT', withDigest(location, blob.digest), options)
    assert.equal(answer.status, 201, answer.body.toString())
    assert.equal(answer.headers['docker-content-digest'], blob.digest)
    assert.deepEqual((await call('GET', next(answer))).body, blob.content)
  }
  const push = async (repository: string, blob: Blob): Promise<void> => {
    await commit(await open(repository), blob, { headers: octets, body: blob.content })
  }
  const isThere = async (repository: string, digest: string): Promise<boolean> => {
    const { status } = await call('HEAD', `/v2/${repository}/blobs/${digest}`)
    assert.ok(status === 200 || status === 404, String(status))
    return status === 200
  }

  await t.test('monolithic: POST, then PUT of the whole blob (oras, containerd)', async () => {
    const blob = makeBlob(200_000)
    await push('monolithic', blob)
    await push('monolithic', blob)
    await checkBlob(registry.url, 'monolithic', { ...blob, mediaType: '', size: blob.content.length })
  })

  await t.test('a single POST with the digest and all bytes', async () => {
    const blob = makeBlob(200_000)
    const options = { headers: octets, body: blob.content }
    const answer = await call('POST', `/v2/single/blobs/uploads/?digest=${blob.digest}`, options)
    assert.equal(answer.status, 201, answer.body.toString())
    assert.deepEqual((await call('GET', next(answer))).body, blob.content)
    const other = makeBlob(200_000)
    const wrong = await call('POST', `/v2/single/blobs/uploads/?digest=${other.digest}`, options)
    assert.equal(wrong.status, 400)
    assert.equal(await isThere('single', other.digest), false)
  })

  await t.test('streamed: PATCH without a length, then PUT without a body (docker, crane)', async () => {
    const blob = makeBlob(3_000_000)
    const answer = await call('PATCH', await open('streamed'), {
      headers: octets,
      body: Readable.from([blob.content.subarray(0, 1_000_000), blob.content.subarray(1_000_000)]),
    })
    assert.equal(answer.status, 202)
    assert.equal(answer.headers.range, '0-2999999')
    await commit(next(answer), blob, { headers: { 'Content-Length': '0' } })
  })

  await t.test('chunked: PATCHes with Content-Range, the last bytes with the PUT (regclient)', async () => {
    const blob = makeBlob(2_500_000)
    let location = await open('chunked')
    for (const start of [0, 1_000_000]) {
      const answer = await call('PATCH', location, chunk(blob.content, start, start + 1_000_000))
      assert.equal(answer.status, 202)
      assert.equal(answer.headers.range, `0-${start + 999_999}`)
      location = next(answer)
    }
    await commit(location, blob, chunk(blob.content, 2_000_000, 2_500_000))
  })

  await t.test('a chunk out of order is refused, and the upload goes on where it stood', async () => {
    const blob = makeBlob(3000)
    const location = await open('order')
    const early = await call('PATCH', location, chunk(blob.content, 1000, 2000))
    assert.equal(early.status, 416)
    const first = await call('PATCH', location, chunk(blob.content, 0, 1000))
    assert.equal(first.status, 202)
    const gap = await call('PATCH', next(first), chunk(blob.content, 2000, 3000))
    assert.equal(gap.status, 416)
    assert.equal(gap.headers.range, '0-999')
    const status = await call('GET', next(gap))
    assert.equal(status.status, 204)
    assert.equal(status.headers.range, '0-999')
    const again = await call('PATCH', next(status), chunk(blob.content, 0, 1000))
    assert.equal(again.status, 416)
    const last = await call('PUT', withDigest(next(status), blob.digest), chunk(blob.content, 2000, 3000))
    assert.equal(last.status, 416)
    const second = await call('PATCH', next(status), chunk(blob.content, 1000, 2000))
    assert.equal(second.status, 202)
    await commit(next(second), blob, chunk(blob.content, 2000, 3000))
  })

  await t.test('an empty PATCH, then PUT of everything', async () => {
    const blob = makeBlob(1000)
    const answer = await call('PATCH', await open('empty'), {
      headers: { ...octets, 'Content-Length': '0' },
    })
    assert.equal(answer.status, 202)
    assert.equal(answer.headers.range, '0-0')
    await commit(next(answer), blob, { headers: octets, body: blob.content })
  })

  await t.test('a blob of no bytes', async () => {
    await push('empty', { content: Buffer.alloc(0), digest: digestOf('') })
  })

  await t.test('PATCH to an earlier Location', async () => {
    const blob = makeBlob(3000)
    const location = await open('earlier')
    for (const start of [0, 1000, 2000]) {
      const body = blob.content.subarray(start, start + 1000)
      assert.equal((await call('PATCH', location, { headers: octets, body })).status, 202)
    }
    await commit(location, blob)
  })

  await t.test('a client that drops the query of Location', async () => {
    const blob = makeBlob(2000)
    const body = blob.content.subarray(0, 1000)
    const location = withoutQuery(await open('bare', '?unknown=parameter'))
    const answer = await call('PATCH', location, { headers: octets, body })
    assert.equal(answer.status, 202)
    await commit(withoutQuery(next(answer)), blob, { headers: octets, body: blob.content.subarray(1000) })
  })

  await t.test('a PATCH that breaks off is resumed after what arrived', async () => {
    const blob = makeBlob(4_000_000)
    const location = await open('broken')
    const request = startRequest(location, {
      method: 'PATCH',
      headers: { ...octets, 'Content-Length': blob.content.length },
    })
    request.on('error', () => {})
    request.write(blob.content.subarray(0, 1_500_000))
    await once(request, 'drain')
    await delay(200)
    request.destroy()
    let end = 0
    for (const deadline = Date.now() + 10_000; end === 0 && Date.now() < deadline; await delay(50)) {
      const status = await call('GET', location)
      assert.equal(status.status, 204)
      assert.match(String(status.headers.range), /^0-\d+$/)
      end = Number(status.headers.range!.slice(2))
    }
    assert.ok(end > 0 && end < 1_500_000, `0-${end}`)
    const rest = await call('PATCH', location, chunk(blob.content, end + 1, blob.content.length))
    assert.equal(rest.status, 202)
    assert.equal(rest.headers.range, `0-${blob.content.length - 1}`)
    await commit(next(rest), blob)
  })

  await t.test('opened and deleted, to check the right to push (crane, kaniko)', async () => {
    const location = await open('check')
    assert.equal((await call('DELETE', location)).status, 204)
    for (const method of ['GET', 'DELETE']) {
      const answer = await call(method, location)
      assert.equal(answer.status, 404)
      assert.equal(errorCode(answer), 'BLOB_UPLOAD_UNKNOWN')
    }
    const patch = await call('PATCH', location, { headers: octets, body: 'late' })
    assert.equal(patch.status, 404)
  })

  await t.test('a mount that finds nothing goes on as an upload', async () => {
    const blob = makeBlob(1000)
    for (const query of [`?mount=${blob.digest}`, `?mount=${blob.digest}&from=does/not/exist`]) {
      const location = await open('mount/new', query)
      assert.equal(await isThere('mount/new', blob.digest), false)
      assert.equal((await call('DELETE', location)).status, 204)
    }
    const location = await open('mount/new', `?mount=${blob.digest}`)
    await commit(location, blob, { headers: octets, body: blob.content })
  })

  await t.test('a mount with and without the repository to take from', async () => {
    const blob = makeBlob(1000)
    await push('mount/source', blob)
    for (const [repository, query] of [
      ['mount/with', `?mount=${blob.digest}&from=mount/source`],
      ['mount/without', `?mount=${blob.digest}`],
    ] as const) {
      const answer = await call('POST', `/v2/${repository}/blobs/uploads/${query}`)
      assert.equal(answer.status, 201, repository)
      assert.equal(answer.headers['docker-content-digest'], blob.digest)
      assert.deepEqual(await readBlob(registry.url, repository, blob.digest), blob.content)
      assert.deepEqual((await call('GET', next(answer))).body, blob.content)
    }
  })

  await t.test('sha512, announced when the upload is opened', async () => {
    const content = makeBlob(1_000_000).content
    const blob = { content, digest: digestOf(content, 'sha512') }
    const location = await open('sha512', '?digest-algorithm=sha512')
    const answer = await call('PATCH', location, { headers: octets, body: content })
    assert.equal(answer.status, 202)
    await commit(next(answer), blob)
    assert.deepEqual(await readBlob(registry.url, 'sha512', blob.digest), content)
  })

  await t.test('several clients push the same blob at the same time', async () => {
    const blob = makeBlob(2_000_000)
    await Promise.all(Array.from({ length: 4 }, () => push('race', blob)))
  })

  await t.test('a body that does not match its digest leaves nothing', async () => {
    const blob = makeBlob(1000)
    const location = await open('wrong')
    const url = withDigest(location, blob.digest)
    const answer = await call('PUT', url, { headers: octets, body: Buffer.alloc(1000) })
    assert.equal(answer.status, 400)
    assert.equal(errorCode(answer), 'DIGEST_INVALID')
    assert.equal(await isThere('wrong', blob.digest), false)
    await push('wrong', blob)
  })

  await t.test('a client that waits for 100-continue (curl)', async () => {
    const blob = makeBlob(100_000)
    const request = startRequest(withDigest(await open('continue'), blob.digest), {
      method: 'PUT',
      headers: { ...octets, 'Content-Length': blob.content.length, Expect: '100-continue' },
    })
    request.flushHeaders()
    await once(request, 'continue')
    request.end(blob.content)
    const [response] = (await once(request, 'response')) as [Readable & { statusCode: number }]
    response.resume()
    assert.equal(response.statusCode, 201)
    assert.deepEqual(await readBlob(registry.url, 'continue', blob.digest), blob.content)
  })

  await t.test('one range of a blob, and a range beyond its end', async () => {
    const blob = makeBlob(5000)
    await push('range', blob)
    const path = `/v2/range/blobs/${blob.digest}`
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=1000-1999', 1000, 2000],
      ['bytes=4000-', 4000, 5000],
      ['bytes=-10', 4990, 5000],
      ['bytes=4990-99999', 4990, 5000],
    ] as const) {
      const answer = await call('GET', path, { headers: { Range: range } })
      assert.equal(answer.status, 206, range)
      assert.equal(answer.headers['content-range'], `bytes ${start}-${end - 1}/5000`)
      assert.deepEqual(answer.body, blob.content.subarray(start, end))
    }
    const beyond = await call('GET', path, { headers: { Range: 'bytes=5000-' } })
    assert.equal(beyond.status, 416)
    assert.equal(beyond.headers['content-range'], 'bytes */5000')
  })

  await t.test('several ranges in one request (stargz-snapshotter)', async () => {
    const blob = makeBlob(1_000_000)
    await push('ranges', blob)
    const wanted = [
      [0, 10],
      [500_000, 700_000],
      [999_990, 1_000_000],
    ] as const
    const header = wanted.map(([start, end]) => `${start}-${end - 1}`).join(',')
    const answer = await call('GET', `/v2/ranges/blobs/${blob.digest}`, {
      headers: { Range: `bytes=${header}` },
    })
    assert.equal(answer.status, 206)
    assert.equal(Number(answer.headers['content-length']), answer.body.length)
    const parts = multipart(String(answer.headers['content-type']), answer.body)
    assert.deepEqual(
      parts.map(({ range }) => range),
      wanted.map(([start, end]) => `bytes ${start}-${end - 1}/1000000`),
    )
    for (const [index, [start, end]] of wanted.entries())
      assert.deepEqual(parts[index]?.content, blob.content.subarray(start, end))
  })

  await t.test('an interrupted download is resumed with If-Range (podman)', async () => {
    const blob = makeBlob(100_000)
    await push('resumed', blob)
    const path = `/v2/resumed/blobs/${blob.digest}`
    const whole = await call('GET', path)
    const etag = String(whole.headers.etag)
    const headers = { Range: 'bytes=60000-', 'If-Range': etag }
    const rest = await call('GET', path, { headers })
    assert.equal(rest.status, 206)
    assert.deepEqual(rest.body, blob.content.subarray(60_000))
    const changed = await call('GET', path, { headers: { ...headers, 'If-Range': '"other"' } })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.body, blob.content)
    assert.equal((await call('GET', path, { headers: { 'If-None-Match': etag } })).status, 304)
  })

  await t.test('HTTP/1.0, as some reverse proxies speak to what is behind them', async () => {
    const blob = makeBlob(300_000)
    await push('old', blob)
    const socket = connect(registry.port, '127.0.0.1')
    socket.write(`GET /v2/old/blobs/${blob.digest} HTTP/1.0\r\nHost: ${registry.host}\r\n\r\n`)
    const chunks: Buffer[] = []
    for await (const data of socket) chunks.push(data as Buffer)
    const answer = Buffer.concat(chunks)
    const split = answer.indexOf('\r\n\r\n')
    const head = answer.subarray(0, split).toString()
    assert.match(head, /^HTTP\/1\.[01] 200 /)
    assert.doesNotMatch(head, /transfer-encoding/i)
    assert.deepEqual(answer.subarray(split + 4), blob.content)
  })

  await t.test('a whole push and pull on one kept connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const blob = makeBlob(50_000)
    const ports = new Set<number>()
    agent.on('free', (socket: { localPort: number }) => ports.add(socket.localPort))
    const path = `/v2/kept/blobs/${blob.digest}`
    assert.equal((await call('HEAD', path, { agent })).status, 404)
    const opened = await call('POST', '/v2/kept/blobs/uploads/', { agent })
    const url = withDigest(next(opened), blob.digest)
    assert.equal((await call('PUT', url, { agent, headers: octets, body: blob.content })).status, 201)
    assert.deepEqual((await call('GET', path, { agent })).body, blob.content)
    agent.destroy()
    assert.ok(ports.size <= 1, `${ports.size} connections`)
  })

  await t.test('referrers of what is not there: an empty index, never 404 (cosign, oras)', async () => {
    for (const repository of ['monolithic', 'never/seen']) {
      const digest = digestOf('not there')
      const answer = await call('GET', `/v2/${repository}/referrers/${digest}`)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], mediaTypes.ociIndex)
      assert.deepEqual(answer.json(), { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] })
    }
  })

  await t.test('an artifact that refers to an image that comes later (oras attach, cosign)', async () => {
    const empty: Blob = { content: Buffer.from('{}'), digest: digestOf('{}') }
    await push('artifact', empty)
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty.digest, size: 2 }
    const put = async (manifest: Record<string, unknown>, tag?: string): Promise<[HttpResponse, Blob]> => {
      const content = Buffer.from(JSON.stringify(manifest))
      const digest = digestOf(content)
      const headers = { 'Content-Type': mediaTypes.ociManifest }
      const path = `/v2/artifact/manifests/${tag ?? digest}`
      return [await call('PUT', path, { headers, body: content }), { content, digest }]
    }
    const base = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [config] }
    const image = { ...base, artifactType: 'application/vnd.example.image' }
    const subject = {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(JSON.stringify(image)),
      size: Buffer.byteLength(JSON.stringify(image)),
    }
    const annotations = { 'org.example.note': 'kept' }
    const artifactType = 'application/vnd.example.signature'
    const [answer, signature] = await put({ ...base, artifactType, subject, annotations })
    assert.equal(answer.status, 201, answer.body.toString())
    assert.equal(answer.headers['oci-subject'], subject.digest)
    const [later] = await put(image, 'v1')
    assert.equal(later.status, 201, later.body.toString())
    assert.equal((await readImage(registry.url, 'artifact', 'v1')).digest, subject.digest)

    const expected = {
      mediaType: mediaTypes.ociManifest,
      digest: signature.digest,
      size: signature.content.length,
      artifactType,
      annotations,
    }
    const path = `/v2/artifact/referrers/${subject.digest}`
    const list = await call('GET', path)
    assert.deepEqual((list.json() as { manifests: unknown[] }).manifests, [expected])
    for (const [type, found] of [
      [artifactType, [expected]],
      ['application/vnd.example.other', []],
    ] as const) {
      const filtered = await call('GET', `${path}?artifactType=${encodeURIComponent(type)}`)
      assert.deepEqual((filtered.json() as { manifests: unknown[] }).manifests, found)
      assert.equal(filtered.headers['oci-filters-applied'], 'artifactType')
    }

    // Whoever only looks whether a tag has moved (watchtower, and the like) sends HEAD, with and without Accept.
    for (const headers of [
      { Accept: mediaTypes.ociManifest },
      { Accept: '*/*' },
      {},
    ] as HttpOptions['headers'][]) {
      const options = headers ? { headers } : {}
      const head = await call('HEAD', '/v2/artifact/manifests/v1', options)
      assert.equal(head.status, 200)
      assert.equal(head.headers['docker-content-digest'], subject.digest)
      const got = await call('GET', '/v2/artifact/manifests/v1', options)
      assert.equal(digestOf(got.body), subject.digest)
      for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag'])
        assert.equal(head.headers[name], got.headers[name], name)
      const unchanged = await call('GET', '/v2/artifact/manifests/v1', {
        headers: { ...headers, 'If-None-Match': String(head.headers.etag) },
      })
      assert.equal(unchanged.status, 304)
    }
  })

  await t.test('all pages of tags, by following Link', async () => {
    const content = (await call('GET', '/v2/artifact/manifests/v1')).body
    const tags = ['a', 'a-1', 'a.1', 'a_1', 'b', 'v1']
    for (const tag of tags) {
      const headers = { 'Content-Type': mediaTypes.ociManifest }
      const answer = await call('PUT', `/v2/artifact/manifests/${tag}`, { headers, body: content })
      assert.equal(answer.status, 201)
    }
    const seen: string[] = []
    let path: string | undefined = '/v2/artifact/tags/list?n=2'
    while (path !== undefined) {
      const answer: HttpResponse = await call('GET', path)
      assert.equal(answer.status, 200)
      seen.push(...(answer.json() as { tags: string[] }).tags)
      path = /^<([^>]+)>; rel="?next"?$/.exec(String(answer.headers.link ?? ''))?.[1]
    }
    assert.deepEqual(seen, tags)
  })
})

function withDigest(location: string, digest: string): string {
  const url = new URL(location)
  url.searchParams.set('digest', digest)
  return url.href
}

function withoutQuery(location: string): string {
  return location.replace(/\?.*$/, '')
}

/** The request for bytes `start` to `end`, the latter not included. */
function chunk(content: Uint8Array, start: number, end: number): HttpOptions {
  const headers = { ...octets, 'Content-Range': `${start}-${end - 1}` }
  return { headers, body: content.subarray(start, end) }
}

function errorCode(answer: HttpResponse): string | undefined {
  return (answer.json() as { errors: { code: string }[] }).errors[0]?.code
}

/** The parts of a `multipart/byteranges` body (RFC 9110, 14.6). */
function multipart(contentType: string, body: Buffer): { range: string; content: Buffer }[] {
  const boundary = /^multipart\/byteranges; *boundary="?([^";]+)"?$/.exec(contentType)?.[1]
  assert.ok(boundary, contentType)
  const parts: { range: string; content: Buffer }[] = []
  let position = body.indexOf(`--${boundary}\r\n`)
  while (position >= 0) {
    const headStart = position + boundary.length + 4
    const headEnd = body.indexOf('\r\n\r\n', headStart)
    const head = body.subarray(headStart, headEnd).toString()
    const range = /^content-range: *(.+)$/im.exec(head)?.[1]?.trim()
    assert.ok(range, head)
    const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(range) ?? []
    const length = Number(end) - Number(start) + 1
    parts.push({ range, content: body.subarray(headEnd + 4, headEnd + 4 + length) })
    position = headEnd + 4 + length
    assert.equal(body.subarray(position, position + boundary.length + 4).toString(), `\r\n--${boundary}`)
    position = body.subarray(position + boundary.length + 4, position + boundary.length + 6).equals(crlf)
      ? position + 2
      : -1
  }
  return parts
}

const crlf = Buffer.from('\r\n')
