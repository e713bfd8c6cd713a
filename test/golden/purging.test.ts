import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { peers, requirePeer, withRegistry, type Peer } from './peers.ts'
import { configOf, imageOf, Pusher } from './pusher.ts'

/*
 * Distribution removes uploads that began long ago, and must find Berth's among them, and nothing else. Its purger first runs
 * after a random number of minutes from 0 to 59, so the real one is waited for in full mode only: a process is started again
 * until it draws 0. Each day its rule is checked, as `registry/storage/purgeuploads.go` has it.
 */

const isFull = process.env['BERTH_FULL'] !== undefined
const name = 'team/purged'
const longAgo = '2001-02-03T04:05:06Z'

interface Prepared {
  readonly root: string
  readonly old: readonly string[]
  readonly young: string
  readonly tag: string
}

/** Old uploads (begun only, with parts, with a broken-off part, for another algorithm), a young one, and an image. */
async function prepare(root: string): Promise<Prepared> {
  mkdirSync(root)
  return await withRegistry('berth', root, async ({ url }) => {
    const pusher = new Pusher(url)
    const config = configOf('purged')
    await pusher.blob(name, config)
    const image = imageOf({ config, layers: [], subject: imageOf({ config, layers: [] }) })
    await pusher.manifest(name, image, 'latest')
    await http('GET', `${url}/v2/${name}/referrers/${image.digest}`)

    const part = seededBytes('purged', 10_000)
    const begun = await pusher.start(name)
    const withPart = await pusher.start(name)
    await pusher.patch(await pusher.patch(withPart, part), part)
    const broken = await pusher.start(name)
    await pusher.breakOff(broken, part)
    const other = await pusher.start(name)
    await pusher.patch(other, part)
    const answer = await http('POST', `${url}/v2/${name}/blobs/uploads/?digest-algorithm=sha512`)
    const wide = String(answer.headers.location)
    const old = [begun, withPart, broken, wide].map((location) => uploadFolder(root, location))
    for (const folder of old) writeFileSync(join(folder, 'startedat'), longAgo)
    return { root, old, young: uploadFolder(root, other), tag: 'latest' }
  })
}

function uploadFolder(root: string, location: string): string {
  const id = new URL(location, 'http://registry').pathname.split('/').at(-1) ?? ''
  return join(root, 'docker/registry/v2/repositories', name, '_uploads', id)
}

async function assertPurged({ root, old, young, tag }: Prepared): Promise<void> {
  for (const folder of old) assert.ok(!existsSync(folder), folder)
  assert.ok(existsSync(join(young, 'startedat')))
  assert.equal(readdirSync(young).filter((entry) => entry.startsWith('part-')).length, 1)
  await withRegistry('berth', root, async ({ url }) => {
    assert.equal((await http('GET', `${url}/v2/${name}/manifests/${tag}`)).status, 200)
    const upload = await http('GET', `${url}/v2/${name}/blobs/uploads/${young.split('/').at(-1)}`)
    assert.equal(upload.headers.range, '0-9999')
  })
}

void test("Distribution's purger takes old uploads for its own, and nothing else", async (t) => {
  const prepared = await prepare(join(temporaryFolder(t).path, 'root'))
  const found = outstandingUploads(join(prepared.root, 'docker/registry/v2/repositories'))
  const old = [...found].filter(([, { startedAt }]) => startedAt === longAgo).map(([, { folder }]) => folder)
  assert.deepEqual(old.toSorted(), prepared.old.toSorted())
  // Each path component that looks like an id counts as an upload; one without `startedat` would never be removed.
  assert.equal(found.size, prepared.old.length + 1)
})

for (const peer of isFull ? peers : []) {
  void test(`the purger of ${peer}`, async (t) => {
    if (!requirePeer(t, peer)) return
    const folder = temporaryFolder(t)
    const prepared = await prepare(join(folder.path, 'root'))
    await purge(peer, prepared.root)
    await assertPurged(prepared)
  })
}

/** Starts a peer again and again until its purger begins at once. */
async function purge(peer: Peer, root: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const registry: RunningRegistry = await startRegistry({ kind: peer, root })
    try {
      if (/Starting upload purge in 0s/.test(registry.output())) {
        while (!/Purge uploads finished/.test(registry.output())) await delay(50)
        assert.match(registry.output(), /Num deleted=4, num errors=0/)
        return
      }
    } finally {
      await registry.stop('SIGKILL')
    }
    // Distribution 2 draws by the second.
    if (peer === 'distribution2') await delay(1000 - (Date.now() % 1000))
  }
  assert.fail('never drew 0')
}

interface OutstandingUpload {
  folder: string
  startedAt: string | undefined
}

/** `getOutstandingUploads`: the last component that parses as a UUID, below `_uploads` or not; other `_` folders are skipped. */
function outstandingUploads(repositories: string): ReadonlyMap<string, OutstandingUpload> {
  const uploads = new Map<string, OutstandingUpload>()
  const visit = (path: string): void => {
    const file = path.split('/').at(-1) ?? ''
    const isFolder = statSync(path).isDirectory()
    if (file.startsWith('_') && isFolder && file !== '_uploads') return
    const components = path.slice(repositories.length).split('/')
    const id = components.findLast(parsesAsUuid)
    if (id !== undefined) {
      const upload = uploads.get(id) ?? { folder: '', startedAt: undefined }
      uploads.set(id, upload)
      if (file === id) upload.folder = path
      if (file === 'startedat') upload.startedAt = readFileSync(path, 'latin1')
    }
    if (isFolder) for (const child of readdirSync(path)) visit(join(path, child))
  }
  visit(repositories)
  return uploads
}

/** Version 2 takes 36 characters, version 3 (google/uuid) also 32 hexadecimal digits, `{…}` and `urn:uuid:…`. */
function parsesAsUuid(text: string): boolean {
  const bare = text.replace(/^(?:urn:uuid:|\{)/, '').replace(/\}$/, '')
  return /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(bare)
}
