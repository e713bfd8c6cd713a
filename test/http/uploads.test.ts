import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test from 'node:test'
import type { HttpOptions } from '../support/http.ts'
import { digestOf } from '../support/seeded.ts'
import {
  listStore,
  locationPath,
  newBlob,
  octets,
  startUpload,
  withDigest,
  zeroBytes,
  type Content,
} from './content.ts'
import { contentHeaders, outcome, startApp, type TestServer } from './in-process.ts'

function chunk(content: Uint8Array, start: number, end: number): HttpOptions {
  return {
    headers: { ...octets, 'Content-Range': `${start}-${end - 1}` },
    body: content.subarray(start, end),
  }
}

async function checkPushed(server: TestServer, repository: string, blob: Content): Promise<void> {
  const answer = await server.call('GET', `/v2/${repository}/blobs/${blob.digest}`)
  assert.equal(answer.status, 200)
  assert.ok(answer.body.equals(blob.content))
  const left = (await listStore(server)).filter((path) => path.includes('/_uploads/'))
  assert.deepEqual(left, [], 'nothing of the upload is left')
}

void test('an upload from its start to its end', async (t) => {
  const server = await startApp(t)
  const blob = newBlob(300_000)
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

  const started = await server.call('POST', '/v2/up/blobs/uploads/')
  assert.equal(started.status, 202)
  const id = String(started.headers['docker-upload-uuid'])
  assert.match(id, uuid)
  assert.equal(started.headers.location, `${server.url}/v2/up/blobs/uploads/${id}`, 'no state in the query')
  assert.equal(started.headers.range, '0-0')
  assert.equal(started.headers['content-length'], '0')
  const path = locationPath(started)

  const patched = await server.call('PATCH', path, {
    headers: octets,
    body: blob.content.subarray(0, 100_000),
  })
  assert.equal(patched.status, 202)
  assert.equal(patched.headers.range, '0-99999')
  assert.equal(patched.headers['content-length'], '0')
  assert.equal(patched.headers['docker-upload-uuid'], id)
  assert.equal(locationPath(patched), path)

  const status = await server.call('GET', path)
  assert.equal(status.status, 204)
  assert.equal(status.headers.range, '0-99999')
  assert.equal(status.headers['docker-upload-uuid'], id)
  assert.equal(locationPath(status), path)
  const head = await server.call('HEAD', path)
  assert.equal(head.status, 204)
  assert.deepEqual(contentHeaders(head.headers), contentHeaders(status.headers))

  const put = await server.call('PUT', withDigest(path, blob.digest), chunk(blob.content, 100_000, 300_000))
  assert.equal(put.status, 201)
  assert.equal(put.headers.location, `${server.url}/v2/up/blobs/${blob.digest}`)
  assert.equal(put.headers['docker-content-digest'], blob.digest)
  assert.equal(put.headers['content-length'], '0')
  assert.equal(put.headers['docker-distribution-api-version'], 'registry/2.0')
  await checkPushed(server, 'up', blob)
  for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
    const query = method === 'PUT' ? withDigest(path, blob.digest) : path
    assert.equal(outcome(await server.call(method, query)), '404 BLOB_UPLOAD_UNKNOWN', method)
  }
})

type Way = (server: TestServer, blob: Content) => Promise<number>

const ways: Readonly<Record<string, Way>> = {
  'POST with the digest and the bytes': async (server, { content, digest }) => {
    const options = { headers: octets, body: content }
    return (await server.call('POST', `/v2/ways/blobs/uploads/?digest=${digest}`, options)).status
  },
  'POST with the digest and the bytes, chunked': async (server, { content, digest }) => {
    const options = { headers: octets, body: Readable.from([content]) }
    return (await server.call('POST', `/v2/ways/blobs/uploads/?digest=${digest}`, options)).status
  },
  'POST, PUT': async (server, { content, digest }) => {
    const path = withDigest(await startUpload(server, 'ways'), digest)
    return (await server.call('PUT', path, { headers: octets, body: content })).status
  },
  'POST, PUT of a chunked body': async (server, { content, digest }) => {
    const path = withDigest(await startUpload(server, 'ways'), digest)
    return (await server.call('PUT', path, { headers: octets, body: Readable.from([content]) })).status
  },
  'POST, PUT of what claims to be a form (curl)': async (server, { content, digest }) => {
    const path = withDigest(await startUpload(server, 'ways'), digest)
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    return (await server.call('PUT', path, { headers, body: content })).status
  },
  'POST, PATCH, PUT': async (server, { content, digest }) => {
    const path = await startUpload(server, 'ways')
    assert.equal((await server.call('PATCH', path, { headers: octets, body: content })).status, 202)
    return (await server.call('PUT', withDigest(path, digest))).status
  },
  'POST, PATCH without a type, PUT': async (server, { content, digest }) => {
    const path = await startUpload(server, 'ways')
    assert.equal((await server.call('PATCH', path, { body: content })).status, 202)
    return (await server.call('PUT', withDigest(path, digest))).status
  },
  'POST, PATCH of an empty type, PUT': async (server, { content, digest }) => {
    const path = await startUpload(server, 'ways')
    assert.equal(
      (await server.call('PATCH', path, { headers: { 'Content-Type': '' }, body: content })).status,
      202,
    )
    return (await server.call('PUT', withDigest(path, digest))).status
  },
  'POST, PATCH, PATCH with ranges, PUT with a range': async (server, { content, digest }) => {
    const third = Math.floor(content.length / 3)
    if (third === 0) return (await ways['POST, PUT']?.(server, { content, digest })) ?? 0
    const path = await startUpload(server, 'ways')
    assert.equal((await server.call('PATCH', path, chunk(content, 0, third))).status, 202)
    assert.equal((await server.call('PATCH', path, chunk(content, third, 2 * third))).status, 202)
    return (await server.call('PUT', withDigest(path, digest), chunk(content, 2 * third, content.length)))
      .status
  },
  'POST, empty PATCH, PATCH, empty PATCH, PUT': async (server, { content, digest }) => {
    const path = await startUpload(server, 'ways')
    for (const body of ['', content, '']) {
      assert.equal((await server.call('PATCH', path, { headers: octets, body })).status, 202)
    }
    return (await server.call('PUT', withDigest(path, digest), { body: '' })).status
  },
  'POST with the digest and no bytes yet, PUT': async (server, { content, digest }) => {
    const answer = await server.call('POST', `/v2/ways/blobs/uploads/?digest=${digest}`)
    if (content.length === 0) return answer.status
    assert.equal(answer.status, 202)
    const path = withDigest(locationPath(answer), digest)
    return (await server.call('PUT', path, { headers: octets, body: content })).status
  },
  'a _state in the query, as Distribution has it': async (server, { content, digest }) => {
    const path = `${await startUpload(server, 'ways')}?_state=forged%3D`
    assert.equal((await server.call('PATCH', path, { headers: octets, body: content })).status, 202)
    return (await server.call('PUT', withDigest(path, digest))).status
  },
}

void test('ways to push a blob', async (t) => {
  for (const [way, push] of Object.entries(ways)) {
    for (const size of [0, 1, 200_000]) {
      await t.test(`${way}: ${size} bytes`, async (sub) => {
        const server = await startApp(sub)
        const blob = size === 0 ? zeroBytes : newBlob(size)
        assert.equal(await push(server, blob), 201)
        await checkPushed(server, 'ways', blob)
        assert.equal(await push(server, blob), 201, 'again, though it is there')
      })
    }
  }
})

void test('chunks out of place', async (t) => {
  const server = await startApp(t)
  const blob = newBlob(3000)
  const path = await startUpload(server, 'order')
  const early = await server.call('PATCH', path, chunk(blob.content, 1000, 2000))
  assert.equal(outcome(early), '416 RANGE_INVALID')
  assert.equal(early.headers.range, '0-0')
  assert.equal(locationPath(early), path)
  assert.equal((await server.call('PATCH', path, chunk(blob.content, 0, 1000))).status, 202)
  for (const [start, end] of [
    [0, 1000],
    [999, 2000],
    [1001, 2000],
    [2000, 3000],
  ] as const) {
    for (const [method, target] of [
      ['PATCH', path],
      ['PUT', withDigest(path, blob.digest)],
    ] as const) {
      const answer = await server.call(method, target, chunk(blob.content, start, end))
      assert.equal(outcome(answer), '416 RANGE_INVALID', `${method} ${start}`)
      assert.equal(answer.headers.range, '0-999')
      assert.equal(locationPath(answer), path)
    }
  }
  assert.equal((await server.call('PATCH', path, chunk(blob.content, 1000, 2000))).status, 202)
  const last = await server.call('PUT', withDigest(path, blob.digest), chunk(blob.content, 2000, 3000))
  assert.equal(last.status, 201)
  await checkPushed(server, 'order', blob)
})

void test('what a range says must be what comes', async (t) => {
  const server = await startApp(t)
  const body = newBlob(1000).content
  const rows: readonly (readonly [range: string, expected: string])[] = [
    ['0-998', '400 SIZE_INVALID'],
    ['0-1000', '400 SIZE_INVALID'],
    ['0-99999999', '400 SIZE_INVALID'],
    ['999-0', '416 RANGE_INVALID'],
    ['-999', '416 RANGE_INVALID'],
    ['0-', '416 RANGE_INVALID'],
    ['a-b', '416 RANGE_INVALID'],
    ['bytes 0-999/1000', '416 RANGE_INVALID'],
    ['0-999/1000', '416 RANGE_INVALID'],
    ['0x0-0x3e7', '416 RANGE_INVALID'],
    ['0-99999999999999999999', '416 RANGE_INVALID'],
    ['', '416 RANGE_INVALID'],
  ]
  for (const [range, expected] of rows) {
    for (const isChunked of [false, true]) {
      await t.test(`${JSON.stringify(range)}${isChunked ? ', chunked' : ''}: ${expected}`, async () => {
        const path = await startUpload(server, 'ranges')
        const sent = (): HttpOptions => ({
          headers: { ...octets, 'Content-Range': range },
          body: isChunked ? Readable.from([body]) : body,
        })
        assert.equal(outcome(await server.call('PATCH', path, sent())), expected)
        assert.equal((await server.call('GET', path)).headers.range, '0-0', 'nothing was added')
        const put = await server.call('PUT', withDigest(path, digestOf(body)), sent())
        assert.equal(outcome(put), expected)
        assert.equal((await server.call('GET', path)).headers.range, '0-0')
        assert.equal((await server.call('PATCH', path, { headers: octets, body })).status, 202, 'it goes on')
        assert.equal((await server.call('DELETE', path)).status, 204)
      })
    }
  }
  assert.deepEqual(await listStore(server), [])
})

void test('a wrong end', async (t) => {
  const server = await startApp(t)
  const blob = newBlob(2000)
  const other = newBlob(2000)

  await t.test('without a digest, or a malformed one: the upload stays', async () => {
    const path = await startUpload(server, 'wrong')
    await server.call('PATCH', path, { headers: octets, body: blob.content })
    for (const query of [
      '',
      '?digest=',
      '?digest=sha256:short',
      '?digest=latest',
      `?digest=${blob.digest.toUpperCase()}`,
    ]) {
      assert.equal(outcome(await server.call('PUT', path + query)), '400 DIGEST_INVALID', query)
    }
    assert.equal((await server.call('PUT', withDigest(path, blob.digest))).status, 201)
  })

  await t.test('of other bytes: nothing is visible and nothing left', async () => {
    const before = await listStore(server)
    const body = blob.content
    const single = `/v2/wrong/blobs/uploads/?digest=${other.digest}`
    assert.equal(outcome(await server.call('POST', single, { headers: octets, body })), '400 DIGEST_INVALID')
    for (const patches of [0, 1, 2]) {
      const path = await startUpload(server, 'wrong')
      const size = 500 * patches
      for (let at = 0; at < size; at += 500) await server.call('PATCH', path, chunk(body, at, at + 500))
      const target = withDigest(path, other.digest)
      const put = await server.call('PUT', target, chunk(body, size, body.length))
      assert.equal(outcome(put), '400 DIGEST_INVALID', `after ${patches}`)
      assert.equal(outcome(await server.call('GET', path)), '404 BLOB_UPLOAD_UNKNOWN')
    }
    assert.equal((await server.call('HEAD', `/v2/wrong/blobs/${other.digest}`)).status, 404)
    assert.deepEqual(await listStore(server), before)
  })
})

void test('an upload given up', async (t) => {
  const server = await startApp(t)
  const path = await startUpload(server, 'cancel')
  await server.call('PATCH', path, { headers: octets, body: 'some bytes' })
  const answer = await server.call('DELETE', path)
  assert.equal(answer.status, 204)
  assert.equal(answer.headers['docker-upload-uuid'], path.slice(path.lastIndexOf('/') + 1))
  assert.equal(outcome(await server.call('DELETE', path)), '404 BLOB_UPLOAD_UNKNOWN')
  assert.deepEqual(await listStore(server), [])
})

void test('PATCH of another type than bytes is refused', async (t) => {
  const server = await startApp(t)
  const path = await startUpload(server, 'type')
  const headers = { 'Content-Type': 'application/json' }
  const answer = await server.call('PATCH', path, { headers, body: '{}' })
  assert.equal(outcome(answer), '400 BLOB_UPLOAD_INVALID')
  assert.equal((await server.call('GET', path)).headers.range, '0-0')
})
