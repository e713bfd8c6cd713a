import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { filesBelow } from '../hostile/victim.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  descriptor,
  image,
  newBlob,
  numbered,
  octets,
  pushBlob,
  pushManifest,
  startUpload,
} from './content.ts'
import { outcome, startApp, type TestServer } from './in-process.ts'

/** Every file with its bytes and its date. */
function snapshot(root: string): readonly string[] {
  return filesBelow(root).map((file) => {
    const path = join(root, file)
    return `${file} ${statSync(path).mtimeMs} ${readFileSync(path).toString('base64')}`
  })
}

void test('a store that is served read-only', async (t) => {
  const root = temporaryFolder(t).path
  const filesystem = { rootdirectory: root }
  const writer = await startApp(t, { storage: { filesystem } })
  const subject = numbered(1)
  const referrer = image({ subject: descriptor(subject, subject.mediaType), artifactType: 'application/x' })
  const blob = newBlob(100)
  await pushBlob(writer, 'r', blob)
  await pushManifest(writer, 'r', 'v1', subject)
  await pushManifest(writer, 'r', referrer.digest, referrer)
  const upload = await startUpload(writer, 'r')
  const referrersOf = async (server: TestServer): Promise<unknown> => {
    const answer = await server.call('GET', `/v2/r/referrers/${subject.digest}`)
    assert.equal(answer.status, 200)
    return answer.json()
  }
  const expected = await referrersOf(writer)
  assert.equal((expected as { manifests: unknown[] }).manifests.length, 1)
  // As Distribution left it.
  rmSync(join(root, 'docker/registry/v2/repositories/r/_referrers'), { recursive: true })
  const before = snapshot(root)
  const server = await startApp(t, {
    storage: { filesystem, maintenance: { readonly: { enabled: true } }, delete: { enabled: true } },
  })

  await t.test('answers for referrers without an index, and makes none', async () => {
    assert.deepEqual(await referrersOf(server), expected)
    assert.deepEqual(await referrersOf(server), expected, 'and again')
    const nothing = await server.call('GET', `/v2/r/referrers/${referrer.digest}`)
    assert.deepEqual((nothing.json() as { manifests: unknown }).manifests, [])
    assert.deepEqual(snapshot(root), before)
  })

  await t.test('answers whatever is read', async () => {
    for (const path of [
      '/v2/',
      '/v2/_catalog',
      '/v2/r/tags/list',
      '/v2/r/manifests/v1',
      `/v2/r/blobs/${blob.digest}`,
    ]) {
      assert.equal((await server.call('GET', path)).status, 200, path)
      assert.equal((await server.call('HEAD', path)).status, 200, path)
    }
    assert.equal((await server.call('GET', upload)).status, 204)
  })

  for (const [method, path] of [
    ['POST', '/v2/r/blobs/uploads/'],
    ['POST', `/v2/r/blobs/uploads/?digest=${blob.digest}`],
    ['POST', `/v2/other/blobs/uploads/?mount=${blob.digest}&from=r`],
    ['PATCH', upload],
    ['PUT', `${upload}?digest=${blob.digest}`],
    ['DELETE', upload],
    ['PUT', '/v2/r/manifests/v2'],
    ['PUT', `/v2/r/manifests/${subject.digest}`],
    ['DELETE', '/v2/r/manifests/v1'],
    ['DELETE', `/v2/r/manifests/${subject.digest}`],
    ['DELETE', `/v2/r/blobs/${blob.digest}`],
  ] as const) {
    await t.test(
      `${method} ${path.replace(/[0-9a-f-]{36,}/, '…')}: 405, and says what is allowed`,
      async () => {
        const isManifest = path.includes('/manifests/')
        const headers = isManifest ? { 'Content-Type': subject.mediaType } : octets
        const body = isManifest ? subject.content : blob.content
        const answer = await server.call(method, path, { headers, body })
        assert.equal(outcome(answer), '405 UNSUPPORTED')
        assert.equal(answer.headers.allow, 'GET, HEAD')
        assert.deepEqual(snapshot(root), before)
      },
    )
  }
})

void test('a delete that is not enabled says what is allowed', async (t) => {
  const server = await startApp(t, { storage: { inmemory: {}, delete: {} } })
  for (const path of ['manifests/v1', `blobs/${newBlob(1).digest}`]) {
    const answer = await server.call('DELETE', `/v2/r/${path}`)
    assert.equal(outcome(answer), '405 UNSUPPORTED')
    assert.equal(answer.headers.allow, 'GET, HEAD')
  }
})
