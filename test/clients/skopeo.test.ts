import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import { ImageLayout, mediaTypes, thisPlatform } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

void test('skopeo', async (t) => {
  if (!requireProgram(t, 'skopeo')) return
  const registry = await startRegistry({ config: { storage: { delete: { enabled: true } } } }, t)
  const folder = temporaryFolder(t).path
  const layout = new ImageLayout(join(folder, 'layout'))
  const image = await layout.addImage({ seed: 'skopeo', layers: [0, 1000, 5_000_000] })
  const other = await layout.addImage({
    seed: 'skopeo, elsewhere',
    platform: { os: 'linux', architecture: 's390x' },
  })
  const index = layout.addIndex([image, other])
  layout.tag('one', image)
  layout.tag('many', index)

  const source = (tag: string): string => `oci:${layout.folder}:${tag}`
  const remote = (name: string): string => `docker://${registry.host}/${name}`
  const ofImage = [image, image.config, ...image.layers].map(({ digest }) => digest)

  await t.test('copies an image in, unchanged', async () => {
    await copy(source('one'), remote('skopeo/image:one'))
    const stored = await readImage(registry.url, 'skopeo/image', 'one')
    assert.equal(stored.digest, image.digest)
    assert.equal(stored.mediaType, mediaTypes.ociManifest)
  })

  await t.test('inspects it', async () => {
    const seen = await inspect(remote('skopeo/image:one'))
    assert.equal(seen.Digest, image.digest)
    assert.deepEqual(
      seen.Layers,
      image.layers.map(({ digest }) => digest),
    )
    assert.deepEqual(seen.Labels, { seed: 'skopeo' })
    assert.deepEqual(seen.RepoTags, ['one'])
    const raw = await skopeo('inspect', '--tls-verify=false', '--raw', remote('skopeo/image:one'))
    assert.equal(digestOf(raw), image.digest)
    const flags = words('--tls-verify=false --config --raw')
    const config = await skopeo('inspect', ...flags, remote('skopeo/image:one'))
    assert.equal(digestOf(config), image.config.digest)
  })

  await t.test('copies it out to a folder and to a layout, by tag and by digest', async () => {
    for (const [number, name] of ['skopeo/image:one', `skopeo/image@${image.digest}`].entries()) {
      const plain = join(folder, `dir-${number}`)
      await copy(remote(name), `dir:${plain}`)
      const present = digestsIn(plain)
      assert.deepEqual(
        ofImage.filter((digest) => !present.includes(digest)),
        [],
      )
      const oci = join(folder, `oci-${number}`)
      await copy(remote(name), `oci:${oci}:x`)
      assert.deepEqual(digestsIn(join(oci, 'blobs', 'sha256')), [...new Set(ofImage)].toSorted())
    }
  })

  await t.test('copies all platforms of an index, in and out', async () => {
    await copy(source('many'), remote('skopeo/image:many'), '--all')
    const stored = await readImage(registry.url, 'skopeo/image', 'many')
    assert.equal(stored.digest, index.digest)
    assert.equal(stored.mediaType, mediaTypes.ociIndex)
    assert.deepEqual(
      stored.children.map(({ digest }) => digest),
      [image.digest, other.digest],
    )
    const out = join(folder, 'oci-all')
    await copy(remote('skopeo/image:many'), `oci:${out}:x`, '--all')
    const expected = [index, image, other, image.config, other.config, ...image.layers, ...other.layers]
    assert.deepEqual(
      digestsIn(join(out, 'blobs', 'sha256')),
      [...new Set(expected.map(({ digest }) => digest))].toSorted(),
    )
  })

  await t.test('picks a platform of an index', async () => {
    const own = await inspect(remote('skopeo/image:many'))
    assert.equal(own.Architecture, thisPlatform.architecture)
    const chosen = await inspect(remote('skopeo/image:many'), '--override-arch', 's390x')
    assert.equal(chosen.Architecture, 's390x')
    assert.deepEqual(
      chosen.Layers,
      other.layers.map(({ digest }) => digest),
    )
  })

  await t.test('converts to Docker media types', async () => {
    await copy(source('one'), remote('skopeo/docker:one'), '--format', 'v2s2')
    const stored = await readImage(registry.url, 'skopeo/docker', 'one')
    assert.equal(stored.mediaType, mediaTypes.dockerManifest)
    assert.deepEqual(
      stored.manifest.layers?.map(({ digest }) => digest),
      image.layers.map(({ digest }) => digest),
    )
    await copy(source('many'), remote('skopeo/docker:many'), '--all', '--format', 'v2s2')
    const list = await readImage(registry.url, 'skopeo/docker', 'many')
    assert.equal(list.mediaType, mediaTypes.dockerList)
    assert.equal(list.children.length, 2)
    // By tag, whoever asks for one platform; by digest, whoever follows the list.
    const out = join(folder, 'docker-list')
    await copy(remote('skopeo/docker:many'), `dir:${out}`, '--all')
    assert.ok(digestsIn(out).includes(list.digest))
  })

  await t.test('copies from repository to repository', async () => {
    await copy(remote('skopeo/image:many'), remote('skopeo/elsewhere:many'), '--all')
    const stored = await readImage(registry.url, 'skopeo/elsewhere', 'many')
    assert.equal(stored.digest, index.digest)
  })

  await t.test('pushes a compression of its own', async () => {
    await copy(source('one'), remote('skopeo/zstd:one'), '--dest-compress-format', 'zstd')
    const stored = await readImage(registry.url, 'skopeo/zstd', 'one')
    assert.equal(stored.manifest.layers?.length, image.layers.length)
  })

  await t.test('lists tags', async () => {
    for (const tag of ['b', 'a-b', 'a', 'a.b', 'A']) await copy(source('one'), remote(`skopeo/tags:${tag}`))
    const seen = JSON.parse(await skopeo('list-tags', '--tls-verify=false', remote('skopeo/tags'))) as unknown
    assert.deepEqual(seen, {
      Repository: `${registry.host}/skopeo/tags`,
      Tags: ['A', 'a', 'a-b', 'a.b', 'b'],
    })
  })

  await t.test('syncs a repository to a folder', async () => {
    const out = join(folder, 'sync')
    mkdirSync(out)
    const flags = ['--src-tls-verify=false', '--src', 'docker', '--dest', 'dir']
    await skopeo('sync', ...flags, `${registry.host}/skopeo/tags`, out)
    assert.deepEqual(readdirSync(out).toSorted(), ['tags:A', 'tags:a', 'tags:a-b', 'tags:a.b', 'tags:b'])
    assert.ok(digestsIn(join(out, 'tags:a')).includes(image.digest))
  })

  await t.test('deletes an image, and the tags that name it', async () => {
    await skopeo('delete', '--tls-verify=false', remote('skopeo/tags:a'))
    for (const reference of ['a', 'b', image.digest]) {
      const answer = await http('HEAD', `${registry.url}/v2/skopeo/tags/manifests/${reference}`)
      assert.equal(answer.status, 404, reference)
    }
    // Other repositories keep theirs, and it can be pushed again.
    assert.equal((await readImage(registry.url, 'skopeo/image', 'one')).digest, image.digest)
    await copy(source('one'), remote('skopeo/tags:a'))
    assert.equal((await readImage(registry.url, 'skopeo/tags', 'a')).digest, image.digest)
  })
})

void test('skopeo where deletes are off', async (t) => {
  if (!requireProgram(t, 'skopeo')) return
  const registry = await startRegistry({}, t)
  const layout = new ImageLayout(temporaryFolder(t).path)
  const image = await layout.addImage({ seed: 'kept' })
  layout.tag('one', image)
  const name = `docker://${registry.host}/kept:one`
  await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${layout.folder}:one`, name])
  const { code } = await run('skopeo', ['delete', '--tls-verify=false', name], { mayFail: true })
  assert.notEqual(code, 0)
  assert.equal((await readImage(registry.url, 'kept', 'one')).digest, image.digest)
})

interface Inspection {
  readonly Digest: string
  readonly Architecture: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Layers: readonly string[]
  readonly RepoTags: readonly string[]
}

async function skopeo(...args: string[]): Promise<string> {
  return (await run('skopeo', args)).stdout
}

async function copy(from: string, to: string, ...flags: string[]): Promise<void> {
  await skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', ...flags, from, to)
}

async function inspect(name: string, ...flags: string[]): Promise<Inspection> {
  return JSON.parse(await skopeo(...flags, 'inspect', '--tls-verify=false', name)) as Inspection
}

/** The digests of a folder's files. */
function digestsIn(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => digestOf(readFileSync(join(folder, name))))
    .toSorted()
}
