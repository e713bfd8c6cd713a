import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http, type HttpResponse } from '../support/http.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { anyManifest, configOf, imageOf, Pusher, type Manifest } from './pusher.ts'
import { withRegistry } from './peers.ts'

/*
 * Links as Distribution 2 leaves them when it dies while it writes, or as people leave them who write them by hand: nobody
 * but the damaged item suffers, and the next push repairs it.
 */

const name = 'damaged'

function hex(digest: string): string {
  return digest.slice('sha256:'.length)
}

/** What a file system can make of a file whose bytes did not reach the disk. */
const zeros = 'of zeros'

const damages: Readonly<Record<string, (link: string) => void>> = {
  'of zero length': (link) => writeFileSync(link, ''),
  'with a newline': (link) => writeFileSync(link, `${readFileSync(link, 'latin1')}\n`),
  'with half a digest': (link) => writeFileSync(link, readFileSync(link, 'latin1').slice(0, 30)),
  'with the digest twice': (link) => writeFileSync(link, readFileSync(link, 'latin1').repeat(2)),
  [zeros]: (link) => writeFileSync(link, Buffer.alloc(71)),
  'far too long': (link) => writeFileSync(link, Buffer.alloc(100_000, 0x61)),
  absent: (link) => rmSync(link),
}

for (const [damage, inflict] of Object.entries(damages)) {
  void test(`links ${damage}`, async (t) => {
    const folder = temporaryFolder(t)
    const root = join(folder.path, 'root')
    mkdirSync(root)
    const config = configOf(damage)
    const image = (layer: string): Manifest => imageOf({ config, layers: [Buffer.from(layer)] })
    const [byTag, byRevision, good] = [image('tag'), image('revision'), image('good')]
    await withRegistry('berth', root, async ({ url }) => {
      const pusher = new Pusher(url)
      for (const content of [config, ...['tag', 'revision', 'good'].map((each) => Buffer.from(each))])
        await pusher.blob(name, content)
      await pusher.manifest(name, byTag, 'tag')
      await pusher.manifest(name, byTag, 'same')
      await pusher.manifest(name, byRevision, 'revision')
      await pusher.manifest(name, good, 'good')
    })

    const repository = join(root, 'docker', 'registry', 'v2', 'repositories', name)
    const layer = (content: string): string => {
      const layers: unknown = JSON.parse(image(content).content.toString())
      return (layers as { layers: { digest: string }[] }).layers[0]?.digest ?? ''
    }
    const tagLink = join(repository, '_manifests', 'tags', 'tag', 'current', 'link')
    const historyLink = join(repository, '_manifests/tags/tag/index/sha256', hex(byTag.digest), 'link')
    const revisionLink = join(repository, '_manifests/revisions/sha256', hex(byRevision.digest), 'link')
    const layerLink = join(repository, '_layers', 'sha256', hex(layer('tag')), 'link')
    const links = [tagLink, historyLink, revisionLink, layerLink]
    const whole = links.map((link) => readFileSync(link))
    for (const link of links) inflict(link)

    await withRegistry('berth', root, async ({ url }) => {
      const get = (path: string, method = 'GET'): Promise<HttpResponse> =>
        http(method, `${url}/v2/${name}/${path}`, { headers: { Accept: anyManifest } })
      const status = async (path: string): Promise<number> => {
        const [asked, looked] = [await get(path), await get(path, 'HEAD')]
        assert.equal(asked.status, looked.status, path)
        return asked.status
      }

      assert.equal(await status('manifests/tag'), 404)
      assert.equal(await status('manifests/revision'), 404)
      assert.equal(await status(`manifests/${byRevision.digest}`), 404)
      assert.equal(await status(`blobs/${layer('tag')}`), 404)
      assert.equal(await status(`manifests/${byTag.digest}`), 200)
      assert.equal(await status('manifests/same'), 200)
      assert.equal(await status('manifests/good'), 200)
      const list = await get('tags/list')
      assert.equal(list.status, 200)
      const { tags } = list.json() as { tags: string[] }
      assert.ok(['good', 'same'].every((tag) => tags.includes(tag)))
      // A listing looks at the sizes of links, not into each of them.
      if (damage !== zeros) assert.ok(!tags.includes('tag'), 'what cannot be pulled is not listed')
      const missing = await http('PUT', `${url}/v2/${name}/manifests/tag`, {
        headers: { 'Content-Type': byTag.mediaType },
        body: byTag.content,
      })
      assert.equal(missing.status, 400, 'its layer is not there')

      const pusher = new Pusher(url)
      await pusher.blob(name, Buffer.from('tag'))
      await pusher.manifest(name, byTag, 'tag')
      await pusher.manifest(name, byRevision, 'revision')
      for (const [position, link] of links.entries())
        assert.deepEqual(readFileSync(link), whole[position], link)
      for (const path of ['manifests/tag', 'manifests/revision', `blobs/${layer('tag')}`])
        assert.equal(await status(path), 200, path)

      for (const link of links) inflict(link)
      await pusher.delete(name, `manifests/${good.digest}`)
      assert.equal(await status('manifests/good'), 404)
      assert.equal(await status('manifests/same'), 200)
    })
  })
}
