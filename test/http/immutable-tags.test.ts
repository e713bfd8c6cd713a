import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyConfig, image, numbered, pushBlob, pushManifest, putManifest, writeRaw } from './content.ts'
import { errorsOf, outcome, startApp, type TestServer } from './in-process.ts'

const [first, second] = [numbered(1), numbered(2)]

async function digestAt(server: TestServer, path: string): Promise<unknown> {
  return (await server.call('GET', path)).headers['docker-content-digest']
}

void test('immutable tags', async (t) => {
  const server = await startApp(t, { access: { immutable: ['v*', 'prod/**:*'] } })
  await pushBlob(server, 'r', emptyConfig)

  await t.test('another manifest is refused, the same one is not', async () => {
    await pushManifest(server, 'r', 'v1', first)
    const answer = await putManifest(server, 'r', 'v1', second)
    assert.equal(answer.status, 409)
    assert.deepEqual(errorsOf(answer), [
      {
        code: 'DENIED',
        message: `the tag v1 is immutable and has ${first.digest}`,
        detail: { tag: 'v1', digest: first.digest },
      },
    ])
    assert.equal(
      outcome(await server.call('GET', `/v2/r/manifests/${second.digest}`)),
      '404 MANIFEST_UNKNOWN',
    )
    assert.equal((await putManifest(server, 'r', 'v1', first)).status, 201)
    assert.equal(await digestAt(server, '/v2/r/manifests/v1'), first.digest)
  })

  await t.test('other tags and repositories are as ever', async () => {
    for (const manifest of [first, second]) {
      assert.equal((await putManifest(server, 'r', 'latest', manifest)).status, 201)
      await pushManifest(server, 'dev/app', 'latest', manifest)
    }
    await pushManifest(server, 'prod/app', 'latest', first)
    assert.equal(outcome(await putManifest(server, 'prod/app', 'latest', second)), '409 DENIED')
  })

  await t.test('several tags in one request: all are looked at before one is set', async () => {
    const third = numbered(3)
    const answer = await putManifest(server, 'r', `${third.digest}?tag=v7&tag=latest&tag=v1`, third)
    assert.equal(outcome(answer), '409 DENIED')
    assert.deepEqual((await server.call('GET', '/v2/r/tags/list')).json(), {
      name: 'r',
      tags: ['latest', 'v1'],
    })
    assert.equal(await digestAt(server, '/v2/r/manifests/latest'), second.digest)
    const free = await putManifest(server, 'r', `${third.digest}?tag=v7&tag=latest&tag=v8`, third)
    assert.equal(free.status, 201)
    assert.equal(free.headers['oci-tag'], 'v7, latest, v8')
    for (const tag of ['v7', 'latest', 'v8'])
      assert.equal(await digestAt(server, `/v2/r/manifests/${tag}`), third.digest)
  })

  await t.test('whoever deletes the tag, or its manifest, may push it anew', async () => {
    for (const reference of ['v2', second.digest]) {
      await pushManifest(server, 'r', 'v2', second)
      assert.equal(outcome(await putManifest(server, 'r', 'v2', image())), '409 DENIED')
      assert.equal((await server.call('DELETE', `/v2/r/manifests/${reference}`)).status, 202)
      assert.equal((await putManifest(server, 'r', 'v2', image())).status, 201)
      assert.equal((await server.call('DELETE', '/v2/r/manifests/v2')).status, 202)
    }
  })

  await t.test('what a crash left of a tag is no manifest', async () => {
    for (const [tag, leftover] of [
      ['v3', ''],
      ['v4', 'sha256:'],
      ['v5', `${first.digest}\n`],
    ] as const) {
      await writeRaw(server, `repositories/r/_manifests/tags/${tag}/current/link`, leftover)
      assert.equal((await putManifest(server, 'r', tag, second)).status, 201)
      assert.equal(outcome(await putManifest(server, 'r', tag, first)), '409 DENIED')
      assert.equal(await digestAt(server, `/v2/r/manifests/${tag}`), second.digest)
    }
  })
})
