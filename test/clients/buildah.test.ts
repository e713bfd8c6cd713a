import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { ImageLayout, mediaTypes } from '../support/images.ts'
import { readBlob, readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

void test('buildah', async (t) => {
  if (!requireProgram(t, 'buildah', 'skopeo') || !requireRoot(t)) return
  const registry = await startRegistry({}, t)
  const folder = temporaryFolder(t).path
  const layout = new ImageLayout(join(folder, 'layout'))
  const base = await layout.addImage({ seed: 'buildah', layers: [2_000_000] })
  layout.tag('base', base)
  const baseName = `${registry.host}/buildah/base:v1`
  const builtName = `${registry.host}/buildah/built`
  await run('skopeo', words(`copy --dest-tls-verify=false oci:${layout.folder}:base docker://${baseName}`))
  const buildah = async (...args: string[]): Promise<string> => {
    const where = words(`--root ${folder}/storage --runroot ${folder}/run --storage-driver vfs`)
    return (await run('buildah', [...where, ...args])).stdout.trim()
  }
  const content = seededBytes('buildah, copied', 300_000)

  await t.test('builds on an image of the registry and pushes the result', async () => {
    const context = join(folder, 'context')
    mkdirSync(context)
    writeFileSync(join(context, 'copied'), content)
    writeFileSync(
      join(context, 'Dockerfile'),
      `FROM ${baseName}\nCOPY copied /copied\nRUN sha256sum /data/0 > /sum\nLABEL built=yes\n`,
    )
    const flags = words(
      '--isolation chroot --network host --tls-verify=false --layers --ulimit nofile=1024:1024',
    )
    await buildah('bud', ...flags, '--tag', `${builtName}:v1`, context)
    await buildah('push', '--tls-verify=false', `${builtName}:v1`)
    const stored = await readImage(registry.url, 'buildah/built', 'v1')
    assert.equal(stored.mediaType, mediaTypes.ociManifest)
    const layers = stored.manifest.layers ?? []
    assert.equal(layers.length, base.layers.length + 2)
    const [copied, ran] = await Promise.all(
      layers.slice(-2).map(({ digest }) => readBlob(registry.url, 'buildah/built', digest)),
    )
    assert.ok(gunzipSync(copied!).includes(content))
    assert.ok(gunzipSync(ran!).includes(base.files[0]!.slice(7)))
  })

  await t.test('pulls it back and reads what it holds', async () => {
    await buildah('rmi', '--all', '--force')
    const id = await buildah('pull', '--quiet', '--tls-verify=false', `${builtName}:v1`)
    const stored = await readImage(registry.url, 'buildah/built', 'v1')
    assert.equal(`sha256:${id}`, stored.manifest.config?.digest)
    const container = await buildah('from', '--pull-never', id)
    const sum = await buildah('run', '--isolation', 'chroot', container, 'cat', '/sum')
    assert.equal(sum.split(' ')[0], base.files[0]!.slice(7))
    await buildah('rm', container)
  })

  await t.test('commits straight to the registry, in Docker media types', async () => {
    const container = await buildah('from', '--tls-verify=false', `${builtName}:v1`)
    await buildah('config', '--label', 'step=commit', container)
    await buildah('commit', '--tls-verify=false', '--format', 'docker', container, `docker://${builtName}:v2`)
    const stored = await readImage(registry.url, 'buildah/built', 'v2')
    assert.equal(stored.mediaType, mediaTypes.dockerManifest)
    const config = await readBlob(registry.url, 'buildah/built', stored.manifest.config!.digest)
    assert.equal((JSON.parse(config.toString()) as Config).config.Labels['step'], 'commit')
    await buildah('rm', container)
  })

  await t.test('pulls by digest', async () => {
    const { digest } = await readImage(registry.url, 'buildah/base', 'v1')
    await buildah('rmi', '--all', '--force')
    const name = `${registry.host}/buildah/base@${digest}`
    const id = await buildah('pull', '--quiet', '--tls-verify=false', name)
    assert.equal(`sha256:${id}`, base.config.digest)
  })

  await t.test('pushes a manifest list with all it names', async () => {
    await buildah('manifest', 'create', 'list')
    for (const name of [baseName, `${builtName}:v1`])
      await buildah('manifest', 'add', '--tls-verify=false', 'list', `docker://${name}`)
    await buildah('manifest', 'push', '--all', '--tls-verify=false', 'list', `docker://${builtName}:list`)
    const stored = await readImage(registry.url, 'buildah/built', 'list')
    assert.equal(stored.children[0]?.digest, base.digest)
    assert.equal(stored.children.length, 2)
  })
})

interface Config {
  readonly config: { readonly Labels: Readonly<Record<string, string>> }
}
