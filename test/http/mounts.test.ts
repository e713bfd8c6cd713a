import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import type { StoragePath } from '../../src/storage/driver.ts'
import type { HttpResponse } from '../support/http.ts'
import { digestOf } from '../support/seeded.ts'
import { image, newBlob, pushBlob, pushManifest, writeRawBlob, writeRawManifest } from './content.ts'
import { startApp, startParts, type TestServer } from './in-process.ts'

async function mount(server: TestServer, into: string, query: string): Promise<HttpResponse> {
  return await server.call('POST', `/v2/${into}/blobs/uploads/?${query}`)
}

async function hasBlob(server: TestServer, repository: string, digest: string): Promise<boolean> {
  return (await server.call('HEAD', `/v2/${repository}/blobs/${digest}`)).status === 200
}

void test('mounting from a named repository', async (t) => {
  const server = await startApp(t)
  const blob = newBlob(1000)
  await pushBlob(server, 'source/one', blob)
  const sha512 = digestOf(blob.content, 'sha512')

  await t.test('that has the blob: 201, and the blob is there', async () => {
    const answer = await mount(server, 'target', `mount=${blob.digest}&from=source/one`)
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.location, `${server.url}/v2/target/blobs/${blob.digest}`)
    assert.equal(answer.headers['docker-content-digest'], blob.digest)
    assert.equal(answer.headers['content-length'], '0')
    assert.ok(await hasBlob(server, 'target', blob.digest))
    const again = await mount(server, 'target', `from=source%2Fone&mount=${encodeURIComponent(blob.digest)}`)
    assert.equal(again.status, 201)
    assert.equal(
      (await mount(server, 'target', `mount=${blob.digest}&from=target`)).status,
      201,
      'from itself',
    )
  })

  const refused: Readonly<Record<string, string>> = {
    'a repository that is not there': `mount=${blob.digest}&from=nowhere`,
    'a repository that lacks it': `mount=${newBlob(1).digest}&from=source/one`,
    'a name that is none': `mount=${blob.digest}&from=SOURCE/one`,
    'a name that climbs': `mount=${blob.digest}&from=../source/one`,
    'an overlong name': `mount=${blob.digest}&from=${'a'.repeat(300)}`,
    'an empty name': `mount=${blob.digest}&from=`,
    'a digest that is none': 'mount=sha256:short&from=source/one',
    'an empty digest': 'mount=&from=source/one',
    'an algorithm that is none': `mount=md5:${'0'.repeat(32)}&from=source/one`,
    'a digest that nobody pushed it under': `mount=${sha512}&from=source/one`,
    'no digest': 'from=source/one',
  }
  for (const [what, query] of Object.entries(refused)) {
    await t.test(`${what}: an upload is begun (202)`, async () => {
      const answer = await mount(server, 'other', query)
      assert.equal(answer.status, 202)
      assert.ok(answer.headers['docker-upload-uuid'])
      assert.equal(await hasBlob(server, 'other', blob.digest), false)
    })
  }

  await t.test('under another digest that it was pushed under', async () => {
    const content = newBlob(1000).content
    const digest = digestOf(content, 'sha512')
    await pushBlob(server, 'source/two', { content, digest })
    const answer = await mount(server, 'target', `mount=${digest}&from=source/two`)
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['docker-content-digest'], digest)
    assert.ok(await hasBlob(server, 'target', digest))
  })
})

void test('mounting without a source', async (t) => {
  await t.test('finds where this process saw the blob lately', async (sub) => {
    const server = await startApp(sub)
    const blob = newBlob(1000)
    await pushBlob(server, 'far/away', blob)
    assert.equal((await mount(server, 'near', `mount=${blob.digest}`)).status, 201)
    assert.ok(await hasBlob(server, 'near', blob.digest))
  })

  await t.test('finds it in a neighbour below the same first component', async (sub) => {
    const server = await startApp(sub)
    const blob = newBlob(1000)
    // Written by another process: this one has seen nothing of it.
    await writeRawBlob(server, 'family/elder', blob)
    await writeRawManifest(server, 'family/elder', image())
    await writeRawBlob(server, 'strangers/elder', newBlob(1000))
    assert.equal((await mount(server, 'family/younger', `mount=${blob.digest}`)).status, 201)
    assert.equal((await mount(server, 'strangers/younger', `mount=${newBlob(1).digest}`)).status, 202)
  })

  await t.test('does not look beyond the family', async (sub) => {
    const server = await startApp(sub)
    const blob = newBlob(1000)
    await writeRawBlob(server, 'family-b/elder', blob)
    await writeRawManifest(server, 'family-b/elder', image())
    assert.equal((await mount(server, 'family/younger', `mount=${blob.digest}`)).status, 202)
  })

  await t.test('looks into at most 50, and into as many whether or not the blob is anywhere', async (sub) => {
    const driver = new CountingDriver()
    const server = await startParts(sub, { driver })
    const [first, beyond] = [newBlob(1000), newBlob(1000)]
    const names = Array.from({ length: 200 }, (_, number) => `family/r${String(number).padStart(3, '0')}`)
    for (const name of names) await writeRawBlob(server, name, newBlob(10))
    await writeRawBlob(server, 'family/r000', first)
    await writeRawBlob(server, 'family/r199', beyond)
    const looks: Record<string, number> = {}
    for (const [what, digest, status] of [
      ['in the first', first.digest, 201],
      ['beyond the 50th', beyond.digest, 202],
      ['nowhere', newBlob(1).digest, 202],
    ] as const) {
      driver.asked.clear()
      assert.equal((await mount(server, 'family/target', `mount=${digest}`)).status, status, what)
      driver.asked.delete('family/target')
      looks[what] = driver.asked.size
    }
    assert.equal(looks['in the first'], 50)
    assert.equal(looks['beyond the 50th'], 50)
    assert.equal(looks['nowhere'], 50)
  })

  await t.test('the pushed-to repository of a manifest keeps what it mounted', async (sub) => {
    const server = await startApp(sub)
    await pushManifest(server, 'origin/a', 'latest', image())
    const answer = await mount(server, 'copy/a', `mount=${image().digest}`)
    assert.equal(answer.status, 202, 'a manifest is no blob of its repository')
  })
})

/** Notes into which repositories somebody looks for a blob. */
class CountingDriver extends MemoryDriver {
  readonly asked = new Set<string>()

  override async read(path: StoragePath, limit?: number): Promise<Buffer | undefined> {
    const name = /^docker\/registry\/v2\/repositories\/(.+)\/_layers\//.exec(path)?.[1]
    if (name !== undefined) this.asked.add(name)
    return await super.read(path, limit)
  }
}
