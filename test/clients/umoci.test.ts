import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { ImageLayout } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

void test('umoci', async (t) => {
  if (!requireProgram(t, 'umoci', 'skopeo') || !requireRoot(t)) return
  const registry = await startRegistry({}, t)
  const folder = temporaryFolder(t).path
  const layout = new ImageLayout(join(folder, 'layout'))
  const image = await layout.addImage({ seed: 'umoci', layers: [1_500_000] })
  layout.tag('v1', image)
  const content = seededBytes('umoci, added', 700_000)
  const remote = (tag: string): string => `docker://${registry.host}/umoci/image:${tag}`

  await copy(`oci:${layout.folder}:v1`, remote('v1'))
  const pulled = join(folder, 'pulled')
  const bundle = join(folder, 'bundle')

  await t.test('unpacks what was pulled', async () => {
    await copy(remote('v1'), `oci:${pulled}:v1`)
    await umoci('unpack', '--image', `${pulled}:v1`, bundle)
    assert.equal(digestOf(readFileSync(join(bundle, 'rootfs', 'data', '0'))), image.files[0])
  })

  await t.test('adds a layer, which is pushed and comes back', async () => {
    writeFileSync(join(bundle, 'rootfs', 'data', 'added'), content)
    await umoci('repack', '--image', `${pulled}:v2`, bundle)
    await umoci('config', '--config.label', 'by=umoci', '--image', `${pulled}:v2`)
    await copy(`oci:${pulled}:v2`, remote('v2'))
    const index = JSON.parse(readFileSync(join(pulled, 'index.json'), 'utf8')) as Index
    const expected = index.manifests.find(
      ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === 'v2',
    )
    const stored = await readImage(registry.url, 'umoci/image', 'v2')
    assert.equal(stored.digest, expected?.digest)
    assert.equal(stored.manifest.layers?.length, image.layers.length + 1)

    const again = join(folder, 'again')
    await copy(remote('v2'), `oci:${again}:v2`)
    await umoci('unpack', '--image', `${again}:v2`, join(folder, 'bundle-2'))
    const added = readFileSync(join(folder, 'bundle-2', 'rootfs', 'data', 'added'))
    assert.equal(digestOf(added), digestOf(content))
  })
})

async function umoci(...args: string[]): Promise<void> {
  await run('umoci', args)
}

async function copy(from: string, to: string): Promise<void> {
  await run('skopeo', [...words('copy --src-tls-verify=false --dest-tls-verify=false'), from, to])
}

interface Index {
  readonly manifests: readonly {
    readonly digest: string
    readonly annotations?: Readonly<Record<string, string>>
  }[]
}
