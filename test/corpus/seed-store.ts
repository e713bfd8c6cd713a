import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'

/** What lies in each store before its registry starts. */
export const seeded: SmallImage & { readonly name: string; readonly tag: string } = {
  name: 'seeded/app',
  tag: 'v1',
  ...image('seeded'),
}

export interface SmallImage {
  readonly manifest: Buffer
  readonly config: Buffer
  readonly layer: Buffer
}

/** An image of three small objects. Its layer is no archive, which no registry minds. */
export function image(seed: string): SmallImage {
  const layer = Buffer.from(`layer of ${seed}\n`.repeat(100))
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', author: seed }))
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layer.length }],
  }
  return { layer, config, manifest: Buffer.from(JSON.stringify(manifest)) }
}

/** Writes the seeded image as Distribution would have. */
export function seedStore(root: string): void {
  const store = join(root, 'docker', 'registry', 'v2')
  const write = (path: readonly string[], content: string | Buffer): void => {
    const file = join(store, ...path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  const repository = ['repositories', ...seeded.name.split('/')]
  const link = (folder: readonly string[], digest: string): void =>
    write([...repository, ...folder, 'link'], digest)

  for (const content of [seeded.manifest, seeded.config, seeded.layer]) {
    const hex = hexOf(content)
    write(['blobs', 'sha256', hex.slice(0, 2), hex, 'data'], content)
  }
  for (const content of [seeded.config, seeded.layer]) {
    link(['_layers', 'sha256', hexOf(content)], digestOf(content))
  }
  const digest = digestOf(seeded.manifest)
  const revision = hexOf(seeded.manifest)
  link(['_manifests', 'revisions', 'sha256', revision], digest)
  link(['_manifests', 'tags', seeded.tag, 'current'], digest)
  link(['_manifests', 'tags', seeded.tag, 'index', 'sha256', revision], digest)
}

function hexOf(content: Buffer): string {
  return digestOf(content).slice('sha256:'.length)
}
