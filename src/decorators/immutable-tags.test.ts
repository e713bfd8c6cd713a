import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context } from '../registry/context.ts'
import { digestOf } from '../registry/digest.ts'
import { mediaTypes } from '../registry/media-types.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import type { ManifestUpload, Registry } from '../registry/registry.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { createStoredRegistry } from '../stored/stored-registry.ts'
import { immutableTags } from './immutable-tags.ts'

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const [prod, dev] = ['prod/app', 'dev/app'].map(parseRepositoryName)
const [release, latest] = ['v1', 'latest'].map(parseTag)
assert.ok(prod && dev && release && latest)

/** What a push looks like behind the decorator. */
async function marked(
  decorated: (inner: Registry) => Registry,
  upload: ManifestUpload,
): Promise<ManifestUpload> {
  let seen: ManifestUpload | undefined
  const inner = createStoredRegistry(new MemoryDriver())
  inner.putManifest = async (_context, _repository, _reference, given) => {
    seen = given
    return { digest: digestOf(given.content) }
  }
  await decorated(inner).putManifest(context, prod as NonNullable<typeof prod>, reference, upload)
  assert.ok(seen)
  return seen
}

const reference = { kind: 'tag', tag: latest } as const
const upload = { mediaType: mediaTypes.ociManifest, content: Buffer.from('{}'), tags: [release] }
const releases = immutableTags((repository, tag) => repository === prod && tag === release)

describe('immutable tags', () => {
  it('are marked by repository and tag, and the push is passed on as it is', async () => {
    const { isImmutable, ...rest } = await marked(releases, upload)
    assert.deepEqual(rest, upload)
    assert.deepEqual(
      [release, latest].map((tag) => isImmutable?.(tag)),
      [true, false],
    )
    const others = await marked(
      immutableTags((repository) => repository === dev),
      upload,
    )
    assert.deepEqual(
      [release, latest].map((tag) => others.isImmutable?.(tag)),
      [false, false],
    )
  })

  it('stay so behind another such decorator, and where the caller says so', async () => {
    const twice = await marked((inner) => releases(immutableTags((_, tag) => tag === latest)(inner)), upload)
    assert.deepEqual(
      [release, latest].map((tag) => twice.isImmutable?.(tag)),
      [true, true],
    )
    const told = await marked(releases, { ...upload, isImmutable: (tag) => tag === latest })
    assert.deepEqual(
      [release, latest].map((tag) => told.isImmutable?.(tag)),
      [true, true],
    )
  })
})
