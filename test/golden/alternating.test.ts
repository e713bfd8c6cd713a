import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import type { RegistryKind } from '../support/registry-process.ts'
import { seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { catalog, observe } from './observation.ts'
import { requirePeer, withRegistry } from './peers.ts'
import { configOf, imageOf, indexOf, Pusher, type Manifest } from './pusher.ts'

/*
 * A user tries Berth on the folder of Distribution, goes back, and comes again: each sees all that the others pushed,
 * and Berth knows the referrers that were pushed while it was away.
 */

const turns: readonly RegistryKind[] = [
  'distribution3',
  'berth',
  'distribution2',
  'berth',
  'distribution3',
  'distribution2',
  'berth',
]

const repository = 'team/alternating'

void test('Distribution and Berth take turns on one folder', async (t) => {
  if (!requirePeer(t, 'distribution2') || !requirePeer(t, 'distribution3')) return
  const folder = temporaryFolder(t)
  const root = join(folder.path, 'root')
  mkdirSync(root)
  const base = seededBytes('alternating, base', 5000)
  const tags: Record<string, Manifest> = {}
  const manifests: string[] = []
  const blobs: string[] = []
  const notes: Manifest[] = []
  let subject: Manifest | undefined

  for (const [round, kind] of turns.entries()) {
    await t.test(`round ${round}: ${kind}`, async () => {
      await withRegistry(kind, root, async ({ url }) => {
        const check = async (): Promise<void> => {
          const seen = await observe(url, { repositories: { [repository]: { tags, manifests, blobs } } })
          for (const [tag, { digest }] of Object.entries(tags))
            assert.match(seen[`GET ${repository}:${tag}`] ?? '', new RegExp(`^200 .*${digest}`), tag)
          for (const digest of manifests)
            assert.match(seen[`GET ${repository}:${digest}`] ?? '', /^200 /, digest)
          for (const digest of blobs) assert.match(seen[`GET ${repository}@${digest}`] ?? '', /^200 /, digest)
          const listed = Object.keys(tags).toSorted().join(' ')
          if (round > 0) assert.equal(seen[`${repository}: tags`], `200 ${listed}`)
          if (kind !== 'berth' || subject === undefined) return
          const { manifests: found } = (
            await http('GET', `${url}/v2/${repository}/referrers/${subject.digest}`)
          ).json() as { manifests: { digest: string; artifactType: string }[] }
          assert.deepEqual(
            found.map(({ digest }) => digest),
            notes.map(({ digest }) => digest).toSorted(),
          )
          assert.ok(found.every(({ artifactType }) => artifactType === 'application/vnd.example.note'))
        }
        await check()

        const pusher = new Pusher(url)
        const layer = seededBytes(`alternating ${round}`, 2000 + round)
        const config = configOf(`alternating ${round}`)
        const image = imageOf({ config, layers: [base, layer] })
        subject ??= image
        const note = imageOf({ config, layers: [], subject })
        blobs.push(await pusher.blob(repository, base))
        blobs.push(await pusher.blob(repository, config))
        blobs.push(await pusher.pieces(repository, [layer.subarray(0, 1000), layer.subarray(1000)]))
        await pusher.manifest(repository, image, `round-${round}`)
        await pusher.manifest(repository, image, 'latest')
        await pusher.manifest(repository, note, `note-${round}`)
        const index = indexOf([image, note])
        await pusher.manifest(repository, index, 'index')
        // Each round deletes what the round before, which was another registry, pushed.
        const before = tags[`round-${round - 1}`]
        if (before !== undefined && before !== subject) {
          await pusher.delete(repository, `manifests/${before.digest}`)
          manifests.splice(manifests.indexOf(before.digest), 1)
          delete tags[`round-${round - 1}`]
        }
        Object.assign(tags, {
          [`round-${round}`]: image,
          [`note-${round}`]: note,
          latest: image,
          index,
        })
        manifests.push(image.digest, note.digest, index.digest)
        notes.push(note)
        await pusher.blob(`only/${kind}/${round}`, config)
        await pusher.manifest(`only/${kind}/${round}`, imageOf({ config, layers: [] }), 'latest')
        await check()
        const names = turns.slice(0, round + 1).map((each, number) => `only/${each}/${number}`)
        assert.deepEqual(await catalog(url), [...names, repository].toSorted())
      })
    })
  }
})
