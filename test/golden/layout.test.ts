import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { RegistryKind } from '../support/registry-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { catalog, observe, type Observation } from './observation.ts'
import { collect, copyStore, peers, requirePeer, withRegistry } from './peers.ts'
import { Pusher } from './pusher.ts'
import { pushSequence, type Content } from './sequence.ts'
import { modesOfUsed, readStoreTree } from './store-tree.ts'

/*
 * The layout of the store, byte for byte: Berth and Distribution do the same, and then each serves and collects what the other
 * wrote.
 */

interface Written {
  readonly root: string
  readonly content: Content
  readonly seen: Observation
}

for (const peer of peers) {
  void test(`a store of ${peer} and one of Berth are the same`, async (t) => {
    if (!requirePeer(t, peer)) return
    const folder = temporaryFolder(t)
    const options = { deleteTags: peer !== 'distribution2', tagChildren: peer === 'distribution2' }

    const write = async (kind: RegistryKind): Promise<Written> => {
      const root = join(folder.path, kind)
      mkdirSync(root)
      return await withRegistry(kind, root, async ({ url }) => {
        const content = await pushSequence(new Pusher(url), options)
        return { root, content, seen: await observe(url, content) }
      })
    }

    const theirs = await write(peer)
    const ours = await write('berth')

    await t.test('the same paths with the same bytes', () => {
      const { files } = readStoreTree(theirs.root)
      assert.ok(Object.keys(files).length > 60)
      assert.deepEqual(readStoreTree(ours.root).files, files)
    })

    await t.test('the same modes', () => {
      assert.deepEqual(modesOfUsed(readStoreTree(ours.root)), modesOfUsed(readStoreTree(theirs.root)))
    })

    await t.test('the same answers while it is written', () => {
      assert.deepEqual(ours.seen, theirs.seen)
      const { repositories } = ours.content
      for (const [name, { tags }] of Object.entries(repositories)) {
        for (const [tag, { digest }] of Object.entries(tags))
          assert.match(ours.seen[`GET ${name}:${tag}`] ?? '', new RegExp(`^200 .*${digest}`))
      }
    })

    await t.test(`${peer} serves what Berth wrote`, async () => {
      const copy = copyStore(ours.root, folder.path, 'served-by-peer')
      assert.deepEqual(await look(peer, copy, ours.content), ours.seen)
    })

    await t.test(`Berth serves what ${peer} wrote`, async () => {
      const copy = copyStore(theirs.root, folder.path, 'served-by-berth')
      const before = readStoreTree(copy)
      assert.deepEqual(await look('berth', copy, theirs.content), theirs.seen)
      assert.deepEqual(readStoreTree(copy), before, 'reading changes nothing')
    })

    await t.test(`${peer} collects what Berth wrote`, async () => {
      const copy = copyStore(ours.root, folder.path, 'collected')
      const { code, stdout, stderr } = await collect(peer, copy)
      assert.equal(code, 0, stdout + stderr)
      assert.match(stdout, /\d+ blobs marked, [1-9]\d* blobs and \d+ manifests eligible for deletion/)
      await assertTagged(copy, ours.content, ours.seen, ['berth', peer])
    })

    await t.test(`${peer} finds as much to collect in its own store`, async () => {
      const reports: string[] = []
      for (const { root } of [ours, theirs]) {
        const { stdout } = await collect(peer, copyStore(root, folder.path, `counted-${reports.length}`))
        reports.push(stdout)
      }
      const [ofOurs = '', ofTheirs = ''] = reports
      assert.deepEqual(ofOurs.split('\n').toSorted(), ofTheirs.split('\n').toSorted())
    })
  })
}

function look(kind: RegistryKind, root: string, content: Content): Promise<Observation> {
  return withRegistry(kind, root, async ({ url }) => {
    assert.deepEqual(await catalog(url), Object.keys(content.repositories).toSorted())
    return await observe(url, content)
  })
}

/** Every tag gives what it gave before, and everything below it is there. */
async function assertTagged(
  root: string,
  content: Content,
  before: Observation,
  kinds: readonly RegistryKind[],
): Promise<void> {
  for (const kind of kinds) {
    const after = await withRegistry(kind, root, ({ url }) => observe(url, content))
    for (const [name, { tags }] of Object.entries(content.repositories)) {
      for (const tag of Object.keys(tags)) {
        const question = `GET ${name}:${tag}`
        assert.equal(after[question], before[question], `${kind}: ${question}`)
      }
      for (const digest of needed(content, name)) {
        for (const question of [`GET ${name}:${digest}`, `GET ${name}@${digest}`])
          assert.equal(after[question], before[question], `${kind}: ${question}`)
      }
    }
  }
}

/** The digests that the tags of a repository need. */
function needed({ repositories }: Content, name: string): ReadonlySet<string> {
  const byDigest = new Map(
    Object.values(repositories)
      .flatMap(({ tags }) => Object.values(tags))
      .map((manifest) => [manifest.digest, manifest]),
  )
  const found = new Set<string>()
  const visit = (digest: string): void => {
    found.add(digest)
    const manifest = byDigest.get(digest)
    if (manifest === undefined) return
    for (const [below] of manifest.content.toString().matchAll(/sha256:[0-9a-f]{64}/g)) visit(below)
  }
  for (const { digest } of Object.values(repositories[name]?.tags ?? {})) visit(digest)
  return found
}
