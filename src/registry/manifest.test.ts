import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from './digest.ts'
import { RegistryError, type ErrorCode } from './errors.ts'
import {
  maxManifestSize,
  mediaTypeOf,
  mayBeAbsent,
  parseManifest,
  readManifest,
  referrerDescriptor,
} from './manifest.ts'
import { mediaTypes } from './media-types.ts'

const { ociManifest, ociIndex, dockerManifest, dockerList, dockerSchema1, dockerSchema1Signed } = mediaTypes

const digest = digestOf(Buffer.from('x'))
const wide = digestOf(Buffer.from('x'), 'sha512')
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 1 }
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: wide, size: 1 }
const child = { mediaType: ociManifest, digest, size: 1, platform: { os: 'linux', architecture: 'amd64' } }

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const failsWith =
  (code: ErrorCode, detail?: RegExp) =>
  (error: unknown): boolean =>
    error instanceof RegistryError &&
    error.code === code &&
    (detail === undefined || detail.test(String(error.detail)))

void test('an image', () => {
  const content = bytes({
    schemaVersion: 2,
    mediaType: ociManifest,
    config,
    layers: [layer, layer],
    subject: child,
    annotations: { a: 'b' },
    unknown: 1,
  })
  const manifest = parseManifest(content, ociManifest)
  assert.equal(manifest.mediaType, ociManifest)
  assert.deepEqual(manifest.blobs, [config, layer, layer])
  assert.deepEqual(manifest.manifests, [])
  assert.equal(manifest.subject?.digest, digest)
  assert.equal(manifest.artifactType, config.mediaType, "an image's type is its config's")
  assert.deepEqual({ ...manifest.annotations }, { a: 'b' })
  assert.deepEqual(readManifest(content), manifest)
})

void test('an artifact and an index say their type, and an index need not', () => {
  const artifactType = 'application/vnd.example'
  const artifact = bytes({ schemaVersion: 2, config, artifactType })
  assert.equal(parseManifest(artifact, ociManifest).artifactType, artifactType)
  const empty = bytes({ schemaVersion: 2, config, artifactType: '' })
  assert.equal(parseManifest(empty, ociManifest).artifactType, config.mediaType)
  const index = parseManifest(bytes({ schemaVersion: 2, manifests: [child], artifactType }), ociIndex)
  assert.equal(index.artifactType, artifactType)
  assert.deepEqual(
    index.manifests.map((each) => each.digest),
    [digest],
  )
  const plain = parseManifest(bytes({ schemaVersion: 2, manifests: [] }), ociIndex)
  assert.equal(plain.artifactType, undefined)
  assert.equal('artifactType' in referrerDescriptor(plain, { digest, size: 3 }), false)
})

void test('what lies in a referrers list', () => {
  const manifest = parseManifest(bytes({ schemaVersion: 2, config, annotations: { a: 'b' } }), ociManifest)
  assert.deepEqual(JSON.parse(JSON.stringify(referrerDescriptor(manifest, { digest, size: 3 }))), {
    mediaType: ociManifest,
    digest,
    size: 3,
    artifactType: config.mediaType,
    annotations: { a: 'b' },
  })
})

void test('lists may be null, as Go writes them, or absent', () => {
  for (const layers of [null, [], undefined])
    assert.deepEqual(parseManifest(bytes({ schemaVersion: 2, config, layers }), ociManifest).blobs, [config])
  assert.deepEqual(parseManifest(bytes({ schemaVersion: 2, manifests: null }), ociIndex).manifests, [])
  parseManifest(bytes({ schemaVersion: 2, config, subject: null, annotations: null }), ociManifest)
})

void test('an annotation called __proto__ is an annotation', () => {
  const content = Buffer.from(
    `{"schemaVersion":2,"config":${JSON.stringify(config)},"annotations":{"__proto__":"a"}}`,
  )
  const { annotations } = parseManifest(content, ociManifest)
  assert.equal(JSON.stringify(annotations), '{"__proto__":"a"}')
})

const image = { schemaVersion: 2, config, layers: [layer] }
const refused: readonly (readonly [string, Buffer, string, RegExp])[] = [
  ['schema 1', bytes({ ...image, schemaVersion: 1 }), ociManifest, /schema 1.*newer client/],
  ['schema 1 by its type', bytes({ schemaVersion: 1 }), dockerSchema1, /schema 1.*newer client/],
  ['signed schema 1', bytes({ schemaVersion: 1 }), dockerSchema1Signed, /schema 1.*newer client/],
  ['another version', bytes({ ...image, schemaVersion: 3 }), ociManifest, /schemaVersion/],
  ['a version that is a text', bytes({ ...image, schemaVersion: '2' }), ociManifest, /schemaVersion/],
  ['no version', bytes({ config }), ociManifest, /schemaVersion/],
  ['no JSON', Buffer.from('{'), ociManifest, /JSON/],
  ['an array', bytes([]), ociManifest, /object/],
  ['null', bytes(null), ociManifest, /object/],
  ['no bytes', Buffer.alloc(0), ociManifest, /JSON/],
  ['a repeated key', Buffer.from('{"schemaVersion":2,"schemaVersion":2}'), ociManifest, /duplicate/],
  ['an unknown type', bytes(image), 'application/json', /unsupported.*application\/json/],
  ['no type', bytes(image), '', /unsupported/],
  ['another type than it says', bytes({ ...image, mediaType: ociIndex }), ociManifest, /mediaType/],
  ["Docker's without its type", bytes(image), dockerManifest, /mediaType/],
  ["Docker's list without its type", bytes({ schemaVersion: 2, manifests: [] }), dockerList, /mediaType/],
  ['an image with manifests', bytes({ ...image, manifests: [] }), ociManifest, /manifests/],
  ['an index with a config', bytes({ schemaVersion: 2, manifests: [], config }), ociIndex, /config/],
  ['an index with layers', bytes({ schemaVersion: 2, manifests: [], layers: [] }), ociIndex, /layers/],
  ['no config', bytes({ schemaVersion: 2, layers: [] }), ociManifest, /config/],
  ['layers that are no list', bytes({ ...image, layers: {} }), ociManifest, /layers/],
  ['a layer that is none', bytes({ ...image, layers: [1] }), ociManifest, /layers\[0\]/],
  [
    'a layer without a digest',
    bytes({ ...image, layers: [{ ...layer, digest: undefined }] }),
    ociManifest,
    /digest/,
  ],
  [
    'a digest of another kind',
    bytes({ ...image, layers: [{ ...layer, digest: 'md5:0' }] }),
    ociManifest,
    /digest/,
  ],
  ['a negative size', bytes({ ...image, layers: [{ ...layer, size: -1 }] }), ociManifest, /size/],
  ['half a byte', bytes({ ...image, layers: [{ ...layer, size: 0.5 }] }), ociManifest, /size/],
  [
    'a size beyond all',
    Buffer.from(JSON.stringify(image).replace('"size":1', '"size":1e400')),
    ociManifest,
    /size/,
  ],
  ['a size that is a text', bytes({ ...image, layers: [{ ...layer, size: '1' }] }), ociManifest, /size/],
  [
    'a media type that is none',
    bytes({ ...image, layers: [{ ...layer, mediaType: 1 }] }),
    ociManifest,
    /mediaType/,
  ],
  ['a subject that is none', bytes({ ...image, subject: 'x' }), ociManifest, /subject/],
  ['an artifactType that is none', bytes({ ...image, artifactType: {} }), ociManifest, /artifactType/],
  ['annotations that are a list', bytes({ ...image, annotations: [] }), ociManifest, /annotations/],
  ['an annotation that is a number', bytes({ ...image, annotations: { a: 1 } }), ociManifest, /annotations/],
]

for (const [name, content, mediaType, detail] of refused) {
  void test(`refused: ${name}`, () => {
    assert.throws(() => parseManifest(content, mediaType), failsWith('MANIFEST_INVALID', detail))
  })
}

void test('a manifest may have 4 MiB and no more', () => {
  const text = JSON.stringify(image)
  const largest = Buffer.from(text + ' '.repeat(maxManifestSize - text.length))
  parseManifest(largest, ociManifest)
  assert.throws(
    () => parseManifest(Buffer.concat([largest, Buffer.from(' ')]), ociManifest),
    failsWith('MANIFEST_TOO_LARGE'),
  )
})

void test('the type of a stored manifest is what it says, else what it looks like', () => {
  const types: readonly (readonly [unknown, string])[] = [
    [{ schemaVersion: 2, mediaType: dockerManifest, config }, dockerManifest],
    [{ schemaVersion: 2, mediaType: dockerList, manifests: [] }, dockerList],
    [{ schemaVersion: 2, mediaType: ociIndex, manifests: [] }, ociIndex],
    [{ schemaVersion: 2, manifests: [] }, ociIndex],
    [{ schemaVersion: 2, manifests: null, config }, ociManifest],
    [{ schemaVersion: 2, config }, ociManifest],
    [{ schemaVersion: 2, mediaType: 'text/plain', config }, ociManifest],
    [{ schemaVersion: 1, name: 'x' }, dockerSchema1Signed],
    [[], ociManifest],
    [null, ociManifest],
  ]
  for (const [value, type] of types) assert.equal(mediaTypeOf(bytes(value)), type, JSON.stringify(value))
  assert.equal(mediaTypeOf(Buffer.from('no JSON')), ociManifest)
})

void test('what lies in a store is read, or is nothing', () => {
  assert.equal(readManifest(Buffer.from('{')), undefined)
  assert.equal(readManifest(bytes({ schemaVersion: 1 })), undefined)
  const slice = Buffer.concat([Buffer.from('xx'), bytes(image), Buffer.from('yy')]).subarray(2, -2)
  assert.equal(readManifest(slice)?.blobs.length, 2, 'a part of a larger buffer')
})

void test('layers that may be absent', () => {
  const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar'
  assert.equal(mayBeAbsent({ ...layer, mediaType: type }), true)
  assert.equal(mayBeAbsent(layer), false)
})
