import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { programPath } from './require-program.ts'
import { digestOf, seededChunks } from './seeded.ts'
import { tarChunks, type TarEntry } from './tar.ts'

/**
 * Makes real images without a hub: busybox as root file system and layers of any size on top, in an OCI image layout
 * that is also what `docker load` reads. The same seed gives the same digests, on machines with the same busybox.
 *
 *     const layout = new ImageLayout(folder.path)
 *     const image = await layout.addImage({ seed: 'a', layers: [1000, 2_000_000] })
 *     layout.tag('v1', image)
 *     // skopeo copy oci:FOLDER:v1 …
 */

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Platform {
  readonly os: string
  readonly architecture: string
}

export interface ImageSpec {
  readonly seed: string
  /** Sizes of the layers on top of busybox; each holds one file, `/data/N`. Default: one of 1,000 bytes. */
  readonly layers?: readonly number[]
  /** Default: that of this machine, so that the image runs. */
  readonly platform?: Platform
  /** Default: gzip. Without, a layer's bytes are those of its tar, as Docker keeps them. */
  readonly compression?: 'gzip' | 'none'
}

export interface BuiltImage extends Descriptor {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  /** Digests of the layers' tars. */
  readonly diffIds: readonly string[]
  /** Digest of the random file of each layer on top of busybox, which is `/data/0`, `/data/1` …. */
  readonly files: readonly string[]
}

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

export const thisPlatform: Platform = {
  os: 'linux',
  architecture: architectures[process.arch] ?? process.arch,
}

interface Layer {
  readonly descriptor: Descriptor
  readonly diffId: string
}

export class ImageLayout {
  readonly folder: string
  readonly #index: Descriptor[] = []
  #temporary = 0

  /** Begins a layout in a folder, which is made when it is not there. */
  constructor(folder: string) {
    this.folder = folder
    mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true })
    writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    this.#writeIndex()
  }

  async addImage(spec: ImageSpec): Promise<BuiltImage> {
    const compression = spec.compression ?? 'gzip'
    const layers = [await this.#addLayer(busyboxEntries(), compression)]
    const files: string[] = []
    for (const [position, size] of (spec.layers ?? [1000]).entries()) {
      const seed = `${spec.seed}/${position}`
      const hash = createHash('sha256')
      const entries: TarEntry[] = [
        { path: 'data/' },
        { path: `data/${position}`, chunks: { size, source: hashed(seededChunks(seed, size), hash) } },
      ]
      layers.push(await this.#addLayer(entries, compression))
      files.push(`sha256:${hash.digest('hex')}`)
    }
    const diffIds = layers.map((layer) => layer.diffId)
    const config = this.addJson(mediaTypes.ociConfig, {
      created: '2024-01-01T00:00:00Z',
      ...(spec.platform ?? thisPlatform),
      config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'], Labels: { seed: spec.seed } },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: layers.map(() => ({ created: '2024-01-01T00:00:00Z', created_by: 'berth tests' })),
    })
    const descriptors = layers.map((layer) => layer.descriptor)
    const manifest = this.addJson(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: descriptors,
    })
    return {
      ...manifest,
      platform: spec.platform ?? thisPlatform,
      config,
      layers: descriptors,
      diffIds,
      files,
    }
  }

  /** An index (multi-platform image) of images of this layout. */
  addIndex(images: readonly Descriptor[]): Descriptor {
    return this.addJson(mediaTypes.ociIndex, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: images.map(({ mediaType, digest, size, platform }) => ({
        mediaType,
        digest,
        size,
        platform,
      })),
    })
  }

  /** Stores any JSON as a blob. */
  addJson(mediaType: string, value: unknown): Descriptor {
    const content = Buffer.from(JSON.stringify(value))
    const digest = digestOf(content)
    writeFileSync(this.blobPath(digest), content)
    return { mediaType, digest, size: content.length }
  }

  /** Gives an image or index a name in the layout. */
  tag(name: string, { mediaType, digest, size }: Descriptor): void {
    this.#index.push({
      mediaType,
      digest,
      size,
      annotations: { 'org.opencontainers.image.ref.name': name },
    })
    this.#writeIndex()
  }

  /** Adds what `docker load` needs to take these images under these names (REPOSITORY:TAG) from a tar of the folder. */
  nameForDocker(images: Readonly<Record<string, BuiltImage>>): void {
    const entries = Object.entries(images).map(([name, image]) => ({
      Config: pathInLayout(image.config.digest),
      RepoTags: [name],
      Layers: image.layers.map((layer) => pathInLayout(layer.digest)),
    }))
    writeFileSync(join(this.folder, 'manifest.json'), JSON.stringify(entries))
  }

  blobPath(digest: string): string {
    return join(this.folder, pathInLayout(digest))
  }

  async #addLayer(entries: Iterable<TarEntry>, compression: 'gzip' | 'none'): Promise<Layer> {
    const temporary = join(this.folder, `incomplete-${this.#temporary++}`)
    const tarHash = createHash('sha256')
    const blobHash = createHash('sha256')
    let size = 0
    const tar = Readable.from(hashed(tarChunks(entries), tarHash))
    const measure = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        blobHash.update(chunk)
        size += chunk.length
        yield chunk
      }
    }
    const out = createWriteStream(temporary)
    if (compression === 'gzip') await pipeline(tar, createGzip({ level: 1 }), measure, out)
    else await pipeline(tar, measure, out)
    const digest = `sha256:${blobHash.digest('hex')}`
    renameSync(temporary, this.blobPath(digest))
    const mediaType = compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayer
    return { descriptor: { mediaType, digest, size }, diffId: `sha256:${tarHash.digest('hex')}` }
  }

  #writeIndex(): void {
    writeFileSync(
      join(this.folder, 'index.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: this.#index }),
    )
  }
}

function pathInLayout(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`
}

/** A root file system of one static program: enough to run a shell. */
function* busyboxEntries(): Generator<TarEntry> {
  const path = ['/bin/busybox', '/usr/bin/busybox'].find((candidate) => existsSync(candidate))
  for (const folder of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp']) yield { path: `${folder}/` }
  yield { path: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/:/bin/sh\n') }
  yield { path: 'bin/busybox', mode: 0o755, content: readFileSync(path ?? programPath('busybox')) }
  for (const applet of ['cat', 'echo', 'ls', 'mkdir', 'sh', 'sha256sum', 'touch'])
    yield { path: `bin/${applet}`, linkTo: 'busybox' }
}

function* hashed<T extends Uint8Array>(
  chunks: Iterable<T>,
  hash: { update(chunk: Uint8Array): unknown },
): Generator<T> {
  for (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}
