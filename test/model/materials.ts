import { createHash } from 'node:crypto'
import { seededBytes } from '../support/seeded.ts'
import { mediaTypes } from '../support/images.ts'

/** The few names, blobs and manifests that random calls are made of: few, so that they meet each other again and again. */

export type Algorithm = 'sha256' | 'sha512'

export function digestOf(content: Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`
}

/** Names of which one is a prefix of another, in the byte order of their tree and not. */
export const names: readonly string[] = ['a', 'a-b', 'a/b', 'a/b/c', 'c.d']

export const tags: readonly string[] = ['v1', 'v1-rc', 'V1', '_x']

/** The indexes of `blobs`, by what they are for. */
export const blobs: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('x'),
  Buffer.from('{"architecture":"amd64","os":"linux"}'),
  seededBytes('model, small', 1000),
  // Larger than what is read whole into memory.
  seededBytes('model, large', 70_000),
]

const never = digestOf(Buffer.from('never pushed'))

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

function blob(index: number, mediaType: string, algorithm: Algorithm = 'sha256'): Descriptor {
  const content = blobs[index] ?? Buffer.alloc(0)
  return { mediaType, digest: digestOf(content, algorithm), size: content.length }
}

const config = 'application/vnd.oci.image.config.v1+json'
const layer = 'application/vnd.oci.image.layer.v1.tar'
const nondistributable = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'

export interface ManifestSource {
  readonly mediaType: string
  readonly content: Buffer
  /** False for what no registry should take. */
  readonly valid: boolean
}

function make(
  mediaType: string,
  value: object,
  options: { readonly valid?: boolean; readonly indent?: number } = {},
): ManifestSource {
  const content = Buffer.from(JSON.stringify(value, undefined, options.indent))
  return { mediaType, content, valid: options.valid ?? true }
}

function describe({ mediaType, content }: ManifestSource): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length }
}

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes

const bare = make(ociManifest, { schemaVersion: 2, config: blob(0, config), layers: null })
const image = make(
  ociManifest,
  {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: blob(2, config),
    layers: [blob(1, layer), blob(3, layer), blob(1, layer)],
    unknown: { fields: ['stay', 'as they are'] },
  },
  { indent: 3 },
)
const docker = make(dockerManifest, {
  schemaVersion: 2,
  mediaType: dockerManifest,
  config: blob(2, 'application/vnd.docker.container.image.v1+json'),
  layers: [blob(4, 'application/vnd.docker.image.rootfs.diff.tar.gzip')],
})
const foreign = make(ociManifest, {
  schemaVersion: 2,
  mediaType: ociManifest,
  config: blob(2, config),
  layers: [{ mediaType: nondistributable, digest: never, size: 12 }],
})
const wide = make(ociManifest, {
  schemaVersion: 2,
  mediaType: ociManifest,
  config: blob(2, config),
  layers: [blob(3, layer, 'sha512')],
})
const signature = make(ociManifest, {
  schemaVersion: 2,
  mediaType: ociManifest,
  artifactType: 'application/vnd.example.signature',
  config: blob(2, 'application/vnd.oci.empty.v1+json'),
  layers: [blob(1, 'application/vnd.example.signature')],
  subject: describe(image),
  annotations: { 'org.example.by': 'a key', __proto__x: 'no harm' },
})
const report = make(ociManifest, {
  schemaVersion: 2,
  mediaType: ociManifest,
  config: blob(2, 'application/vnd.example.report.config'),
  layers: [],
  subject: describe(image),
})
const index = make(ociIndex, {
  schemaVersion: 2,
  mediaType: ociIndex,
  manifests: [describe(bare), describe(image)],
})
const nested = make(ociIndex, {
  schemaVersion: 2,
  manifests: [describe(index), blob(3, layer)],
  subject: describe(image),
  annotations: { 'org.example.of': 'indexes' },
})
const list = make(dockerList, {
  schemaVersion: 2,
  mediaType: dockerList,
  manifests: [
    { ...describe(docker), platform: { os: 'linux', architecture: 'arm64' } },
    { ...describe(docker), platform: { os: 'linux', architecture: 'amd64' } },
  ],
})
const nothing = make(ociIndex, { schemaVersion: 2, mediaType: ociIndex, manifests: [] })
/** As clients write it who know of no referrers API. */
const fallback = make(ociIndex, {
  schemaVersion: 2,
  mediaType: ociIndex,
  manifests: [describe(signature), describe(bare)],
})

export const fallbackTag: string = digestOf(image.content).replace(':', '-')

export const manifests: readonly ManifestSource[] = [
  bare,
  image,
  docker,
  foreign,
  wide,
  signature,
  report,
  index,
  nested,
  list,
  nothing,
  fallback,
  // Its layer has another size: invalid where the layer is, unknown where it is not.
  make(ociManifest, {
    schemaVersion: 2,
    config: blob(2, config),
    layers: [{ ...blob(3, layer), size: 7 }],
  }),
  make(dockerManifest, { schemaVersion: 2, config: blob(2, config), layers: [] }, { valid: false }),
  make(ociIndex, { schemaVersion: 2, mediaType: ociManifest, manifests: [] }, { valid: false }),
  make(ociManifest, { schemaVersion: 2, config: blob(2, config), manifests: [] }, { valid: false }),
  make(ociManifest, { schemaVersion: 1, config: blob(2, config), layers: [] }, { valid: false }),
  make('application/json', { schemaVersion: 2, config: blob(2, config), layers: [] }, { valid: false }),
  {
    mediaType: ociIndex,
    content: Buffer.from('{"schemaVersion":2,"manifests":[],"manifests":[]}'),
    valid: false,
  },
  { mediaType: ociManifest, content: Buffer.from('{"schemaVersion":2'), valid: false },
]

/** A manifest that is pushed as a blob as well. */
export const manifestAsBlob: Buffer = bare.content

export const allBlobs: readonly Buffer[] = [...blobs, manifestAsBlob]

export const artifactTypes: readonly string[] = [
  'application/vnd.example.signature',
  'application/vnd.example.report.config',
  'application/vnd.example.none',
]

export const subjects: readonly string[] = [digestOf(image.content), digestOf(bare.content), never]

export const accepts: readonly (string | undefined)[] = [
  undefined,
  '*/*',
  `${ociManifest}, ${ociIndex}, ${dockerManifest}, ${dockerList}`,
  dockerManifest,
  `${dockerManifest};q=0.9, ${dockerList}`,
  ociManifest,
  'application/vnd.docker.distribution.manifest.v1+json',
]
