import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import { checkBlob } from '../support/registry-content.ts'
import type { Replica } from '../support/replicas.ts'
import { seededBytes } from '../support/seeded.ts'
import {
  beginUpload,
  blobOf,
  commitUpload,
  expect,
  get,
  manifestOf,
  patchUpload,
  pathOf,
  pushBlob,
  putManifest,
  tagAt,
  tagsAt,
  type TestBlob,
} from './client.ts'

/** For how long a replica may overlook that another one deleted something, and a little (docs/replicas.md). */
export const staleness = 5_500

/** How often each race is run. */
export interface Effort {
  readonly rounds: number
}

/**
 * What must hold of replicas on one store, whatever the store is.
 *
 * @param replicas three that write, in whose configuration the tags `release-…` are immutable and deletes are allowed
 */
export async function testSharing(
  t: TestContext,
  replicas: readonly Replica[],
  { rounds }: Effort,
): Promise<void> {
  const bases = replicas.map(({ url }) => url)
  const [a = '', b = '', c = ''] = bases
  const times = Array.from({ length: rounds }, (_, index) => index)
  await t.test('an upload goes on at any replica', async () => {
    const parts = [1, 2, 3].map((part) => seededBytes(`${a} ${part}`, 70_000))
    const path = await beginUpload(a, 'moving')
    const first = await patchUpload(b, path, parts[0] ?? Buffer.alloc(0))
    assert.equal(first.status, 202)
    const asked = await expect(204, 'GET', c + path)
    assert.equal(asked.headers.range, '0-69999')
    assert.equal((await patchUpload(c, pathOf(asked), parts[1] ?? Buffer.alloc(0))).status, 202)
    const whole = blobOf(Buffer.concat(parts))
    const committed = await commitUpload(a, path, whole.digest, parts[2])
    assert.equal(committed.status, 201, committed.body.toString())
    for (const base of bases) {
      await checkBlob(base, 'moving', { mediaType: '', digest: whole.digest, size: whole.content.length })
      await expect(404, 'DELETE', base + path)
    }
  })

  await t.test('an upload that one replica cancels is gone at all', async () => {
    for (const time of times) {
      const path = await beginUpload(a, 'cancelled')
      const [patched, cancelled] = await Promise.all([
        patchUpload(b, path, seededBytes(`${time}`, 100_000)),
        http('DELETE', c + path),
      ])
      assert.equal(cancelled.status, 204)
      assert.ok(patched.status === 202 || patched.status === 404, `${patched.status}`)
      for (const base of bases) await expect(404, 'GET', base + path)
    }
  })

  await t.test('one blob, pushed to all at once', async () => {
    for (const time of times) {
      const blob = blobOf(seededBytes(`${a} same ${time}`, 200_000))
      const answers = await Promise.all(bases.map((_, from) => pushBlob(bases, `same/${from}`, blob, from)))
      assert.deepEqual(
        answers.map(({ status }) => status),
        [201, 201, 201],
      )
      for (const [at, base] of bases.entries())
        await checkBlob(base, `same/${(at + 1) % 3}`, { mediaType: '', digest: blob.digest, size: 200_000 })
    }
  })

  await t.test('one tag, set by all at once, has one of the manifests', async () => {
    const config = small('config')
    await pushBlob(bases, 'tags', config)
    for (const time of times) {
      const manifests = bases.map((base) => manifestOf(config, [], `${base} ${time}`))
      const puts = manifests.map((manifest, at) => putManifest(bases[at] ?? '', 'tags', 'latest', manifest))
      for (const put of await Promise.all(puts)) assert.equal(put.status, 201, put.body.toString())
      const found = new Set(await Promise.all(bases.map((base) => tagAt(base, 'tags', 'latest'))))
      assert.equal(found.size, 1)
      assert.ok(manifests.some(({ digest }) => found.has(digest)))
    }
  })

  await t.test('of several that set an immutable tag at once, one does', async () => {
    const config = small('config')
    await pushBlob(bases, 'fixed', config)
    for (const time of times) {
      const manifests = bases.map((base) => manifestOf(config, [], `fixed ${base} ${time}`))
      const tag = `release-${time}`
      const puts = await Promise.all(
        manifests.map((manifest, at) => putManifest(bases[at] ?? '', 'fixed', tag, manifest)),
      )
      const statuses = puts.map(({ status }) => status)
      assert.deepEqual(
        statuses.toSorted((one, other) => one - other),
        [201, 409, 409],
      )
      const winner = manifests[statuses.indexOf(201)]
      for (const base of bases) assert.equal(await tagAt(base, 'fixed', tag), winner?.digest)
    }
  })

  await t.test('a mount while another replica deletes there: it is done, or it is not', async () => {
    for (const time of times) {
      const blob = small(`mounted ${time}`)
      await pushBlob(bases, 'source', blob)
      const [mounted, deleted] = await Promise.all([
        http('POST', `${b}/v2/target/blobs/uploads/?mount=${blob.digest}&from=source`, { body: '' }),
        http('DELETE', `${c}/v2/source/blobs/${blob.digest}`),
      ])
      assert.equal(deleted.status, 202)
      assert.ok(mounted.status === 201 || mounted.status === 202, `${mounted.status}`)
      for (const base of bases) {
        const there = await http('HEAD', `${base}/v2/target/blobs/${blob.digest}`)
        assert.equal(there.status, mounted.status === 201 ? 200 : 404)
        // The store is asked for HEAD: what another replica deleted is gone at once.
        assert.equal((await http('HEAD', `${base}/v2/source/blobs/${blob.digest}`)).status, 404)
      }
    }
  })
}

/** What takes its time, for the replicas must have been told: these tests run side by side. */
export async function testDeleting(
  t: TestContext,
  replicas: readonly Replica[],
  { rounds }: Effort,
): Promise<void> {
  const bases = replicas.map(({ url }) => url)
  const [a = '', b = '', c = ''] = bases

  const racing = t.test(
    'a manifest deleted by one while others push it: no tag points at nothing',
    async () => {
      const config = small('config')
      await pushBlob(bases, 'deleted', config)
      const manifests = Array.from({ length: rounds }, (_, time) =>
        manifestOf(config, [], `deleted ${a} ${time}`),
      )
      for (const [time, manifest] of manifests.entries()) {
        await putManifest(a, 'deleted', `old-${time}`, manifest)
        const [first, second, deleted] = await Promise.all([
          putManifest(a, 'deleted', `new-${time}`, manifest),
          putManifest(b, 'deleted', `newer-${time}`, manifest),
          http('DELETE', `${c}/v2/deleted/manifests/${manifest.digest}`),
        ])
        assert.deepEqual([first.status, second.status, deleted.status], [201, 201, 202])
      }
      await delay(staleness)
      for (const base of bases)
        for (const tag of await tagsAt(base, 'deleted')) {
          const digest = await tagAt(base, 'deleted', tag)
          assert.ok(digest !== undefined, `${tag} points at nothing`)
          assert.equal((await get(base, `/v2/deleted/manifests/${digest}`)).status, 200)
        }
    },
  )

  const lingering = t.test(
    'what one replica deleted is served by the others for five seconds at most',
    async () => {
      const config = small('config')
      await pushBlob(bases, 'stale', config)
      const manifest = manifestOf(config, [], 'stale')
      await putManifest(a, 'stale', 'v1', manifest)
      const paths = [`/v2/stale/blobs/${config.digest}`, `/v2/stale/manifests/${manifest.digest}`]
      for (const base of bases) for (const path of paths) assert.equal((await get(base, path)).status, 200)
      await expect(202, 'DELETE', a + (paths[1] ?? ''))
      await expect(202, 'DELETE', a + (paths[0] ?? ''))
      for (const path of paths) assert.equal((await get(a, path)).status, 404)
      for (const base of bases) {
        assert.deepEqual(await tagsAt(base, 'stale'), [])
        assert.equal(await tagAt(base, 'stale', 'v1'), undefined)
      }
      await delay(staleness)
      for (const base of bases) for (const path of paths) assert.equal((await get(base, path)).status, 404)
    },
  )
  await Promise.all([racing, lingering])
}

function small(text: string): TestBlob {
  return blobOf(`${text} ${randomUUID()}`)
}
