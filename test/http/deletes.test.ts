import assert from 'node:assert/strict'
import test from 'node:test'
import { image, index, newBlob, numbered, pushBlob, pushManifest, startUpload } from './content.ts'
import { outcome, startApp } from './in-process.ts'

void test('deletes', async (t) => {
  const server = await startApp(t)
  const status = async (path: string): Promise<number> => (await server.call('HEAD', path)).status

  await t.test('a tag: the manifest and its other tags stay', async () => {
    for (const tag of ['one', 'two']) await pushManifest(server, 'r', tag, image())
    const answer = await server.call('DELETE', '/v2/r/manifests/one')
    assert.equal(answer.status, 202)
    assert.equal(answer.headers['content-length'], '0')
    assert.equal(await status('/v2/r/manifests/one'), 404)
    assert.equal(await status('/v2/r/manifests/two'), 200)
    assert.equal(await status(`/v2/r/manifests/${image().digest}`), 200)
    assert.equal(outcome(await server.call('DELETE', '/v2/r/manifests/one')), '404 MANIFEST_UNKNOWN')
  })

  await t.test('a manifest: with every tag that points at it, and no other', async () => {
    const other = numbered(1)
    for (const tag of ['a', 'b', 'a-b']) await pushManifest(server, 'tags', tag, image())
    await pushManifest(server, 'tags', 'moved', image())
    for (const tag of ['moved', 'other']) await pushManifest(server, 'tags', tag, other)
    assert.equal((await server.call('DELETE', `/v2/tags/manifests/${image().digest}`)).status, 202)
    assert.deepEqual((await server.call('GET', '/v2/tags/tags/list')).json(), {
      name: 'tags',
      tags: ['moved', 'other'],
    })
    for (const reference of [image().digest, 'a', 'b', 'a-b']) {
      assert.equal(await status(`/v2/tags/manifests/${reference}`), 404)
    }
    const again = await server.call('DELETE', `/v2/tags/manifests/${image().digest}`)
    assert.equal(outcome(again), '404 MANIFEST_UNKNOWN')
    await pushManifest(server, 'tags', 'a', image())
    assert.equal(await status('/v2/tags/manifests/a'), 200)
  })

  await t.test('an index: its children stay', async () => {
    const child = numbered(2)
    await pushManifest(server, 'index', child.digest, child)
    await pushManifest(server, 'index', 'latest', index([child]))
    assert.equal((await server.call('DELETE', `/v2/index/manifests/${index([child]).digest}`)).status, 202)
    assert.equal(await status(`/v2/index/manifests/${child.digest}`), 200)
  })

  await t.test('a blob: from this repository alone', async () => {
    const blob = newBlob(100_000)
    for (const repository of ['b1', 'b2']) await pushBlob(server, repository, blob)
    assert.equal((await server.call('GET', `/v2/b1/blobs/${blob.digest}`)).status, 200)
    const answer = await server.call('DELETE', `/v2/b1/blobs/${blob.digest}`)
    assert.equal(answer.status, 202)
    assert.equal(answer.headers['content-length'], '0')
    assert.equal((await server.call('GET', `/v2/b1/blobs/${blob.digest}`)).status, 404)
    assert.equal(await status(`/v2/b1/blobs/${blob.digest}`), 404)
    assert.equal(await status(`/v2/b2/blobs/${blob.digest}`), 200)
    assert.equal(outcome(await server.call('DELETE', `/v2/b1/blobs/${blob.digest}`)), '404 BLOB_UNKNOWN')
    await pushBlob(server, 'b1', blob)
    assert.equal(await status(`/v2/b1/blobs/${blob.digest}`), 200)
  })

  await t.test('a digest that is none', async () => {
    assert.equal(outcome(await server.call('DELETE', '/v2/r/manifests/sha256:x')), '400 DIGEST_INVALID')
    assert.equal(outcome(await server.call('DELETE', '/v2/r/blobs/sha256:x')), '400 DIGEST_INVALID')
  })
})

void test('deletes are off when the configuration does not enable them', async (t) => {
  const server = await startApp(t, { storage: { inmemory: {}, delete: {} } })
  const blob = newBlob(10)
  await pushBlob(server, 'r', blob)
  await pushManifest(server, 'r', 'v1', image())
  for (const path of [
    'manifests/v1',
    `manifests/${image().digest}`,
    `blobs/${blob.digest}`,
    'manifests/unknown',
    `blobs/${newBlob(1).digest}`,
  ]) {
    assert.equal(outcome(await server.call('DELETE', `/v2/r/${path}`)), '405 UNSUPPORTED', path)
  }
  assert.equal((await server.call('HEAD', '/v2/r/manifests/v1')).status, 200)
  assert.equal((await server.call('HEAD', `/v2/r/blobs/${blob.digest}`)).status, 200)
  assert.equal(
    (await server.call('DELETE', await startUpload(server, 'r'))).status,
    204,
    'an upload is no content',
  )
})

void test('read-only', async (t) => {
  const config = { maintenance: { readonly: { enabled: true } } }
  const server = await startApp(t, { storage: { inmemory: {}, ...config } })
  const { digest, content } = newBlob(10)
  const headers = { 'Content-Type': 'application/octet-stream' }
  const id = '00000000-0000-4000-8000-000000000000'
  for (const [method, path] of [
    ['POST', '/v2/r/blobs/uploads/'],
    ['POST', `/v2/r/blobs/uploads/?digest=${digest}`],
    ['POST', `/v2/r/blobs/uploads/?mount=${digest}&from=a`],
    ['PATCH', `/v2/r/blobs/uploads/${id}`],
    ['PUT', `/v2/r/blobs/uploads/${id}?digest=${digest}`],
    ['DELETE', `/v2/r/blobs/uploads/${id}`],
    ['PUT', '/v2/r/manifests/v1'],
    ['DELETE', '/v2/r/manifests/v1'],
    ['DELETE', `/v2/r/blobs/${digest}`],
  ] as const) {
    const answer = await server.call(method, path, { headers, body: content })
    assert.equal(outcome(answer), '405 UNSUPPORTED', `${method} ${path}`)
  }
  assert.equal((await server.call('GET', '/v2/')).status, 200)
  assert.equal((await server.call('GET', '/v2/_catalog')).status, 200)
  assert.equal(outcome(await server.call('GET', `/v2/r/blobs/${digest}`)), '404 BLOB_UNKNOWN')
  assert.equal((await server.call('GET', `/v2/r/referrers/${digest}`)).status, 200)
  assert.equal(outcome(await server.call('GET', `/v2/r/blobs/uploads/${id}`)), '404 BLOB_UPLOAD_UNKNOWN')
})
