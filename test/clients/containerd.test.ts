import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startContainerdDaemon } from '../support/containerd-daemon.ts'
import { ImageLayout, mediaTypes } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

void test('containerd', async (t) => {
  if (!requireProgram(t, 'containerd', 'ctr', 'runc') || !requireRoot(t)) return
  const registry = await startRegistry({}, t)
  const folder = temporaryFolder().path
  const daemon = await startContainerdDaemon(folder, t)
  const ctr = async (...args: string[]): Promise<string> => (await daemon.ctr(...args)).stdout

  const layout = new ImageLayout(join(folder, 'layout'))
  const image = await layout.addImage({ seed: 'containerd', layers: [1000, 4_000_000, 500_000] })
  const other = await layout.addImage({ seed: 'elsewhere', platform: { os: 'linux', architecture: 's390x' } })
  const index = layout.addIndex([image, other])
  const all = [index, image, other, image.config, other.config, ...image.layers, ...other.layers]
  layout.tag('image', image)
  layout.tag('index', index)
  const archive = join(folder, 'layout.tar')
  await run('tar', ['-cf', archive, '-C', layout.folder, 'oci-layout', 'index.json', 'blobs'])
  const repository = `${registry.host}/containerd/image`
  const forget = async (...names: string[]): Promise<void> => {
    await ctr('images', 'remove', '--sync', ...names)
  }

  await t.test('pushes an image, unchanged', async () => {
    await ctr('images', 'import', '--all-platforms', '--no-unpack', '--base-name', repository, archive)
    await ctr('images', 'push', '--plain-http', `${repository}:image`)
    const stored = await readImage(registry.url, 'containerd/image', 'image')
    assert.equal(stored.digest, image.digest)
    assert.equal(stored.mediaType, mediaTypes.ociManifest)
  })

  await t.test('pushes an index with all its platforms', async () => {
    await ctr('images', 'push', '--plain-http', `${repository}:index`)
    const stored = await readImage(registry.url, 'containerd/image', 'index')
    assert.equal(stored.digest, index.digest)
    assert.deepEqual(
      stored.children.map(({ digest }) => digest),
      [image.digest, other.digest],
    )
  })

  await t.test('pulls an image and runs it', async () => {
    await forget(`${repository}:image`, `${repository}:index`)
    assert.equal((await ctr('content', 'ls', '--quiet')).trim(), '')
    await ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', `${repository}:image`)
    const command = words('berth-run sha256sum /data/0 /data/1 /data/2')
    const sums = await ctr('run', '--rm', '--snapshotter', 'native', `${repository}:image`, ...command)
    assert.deepEqual(
      sums
        .trim()
        .split('\n')
        .map((line) => `sha256:${line.split(' ')[0]}`),
      image.files,
    )
  })

  await t.test('pulls all platforms, by tag and by digest', async () => {
    await forget(`${repository}:image`)
    for (const name of [`${repository}:index`, `${repository}@${index.digest}`]) {
      await ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', '--all-platforms', name)
      const present = (await ctr('content', 'ls', '--quiet')).trim().split('\n').toSorted()
      assert.deepEqual(present, [...new Set(all.map(({ digest }) => digest))].toSorted())
      assert.equal(digestOf(await ctr('content', 'get', index.digest)), index.digest)
      await forget(name)
    }
  })

  await t.test('fetches one platform of an index', async () => {
    const name = `${repository}:index`
    await ctr('content', 'fetch', '--plain-http', '--platform', 'linux/s390x', name)
    const present = (await ctr('content', 'ls', '--quiet')).trim().split('\n')
    for (const { digest } of [index, other, other.config, ...other.layers])
      assert.ok(present.includes(digest))
    assert.ok(!present.includes(image.layers[1]!.digest))
  })
})
