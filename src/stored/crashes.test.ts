import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context } from '../registry/context.ts'
import { digestOf, type Digest } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { mediaTypes } from '../registry/media-types.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import type { UploadId } from '../registry/upload-id.ts'
import { storagePath, type StorageDriver, type StoragePath } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { take } from '../util/iterables.ts'
import { tagLink } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'

/*
 * The process dies at the k-th call to its store, for every k, before the call or right after it. Whoever comes then sees
 * nothing that is wrong, and who repeats what got no answer gets what it wanted.
 */

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const name = parseRepositoryName('team/app')
const other = parseRepositoryName('team/other')
const pieces = ['one ', 'two ', 'three'].map((text) => Buffer.from(text))
const whole = Buffer.concat(pieces)
const config = Buffer.from('{}')

type Moment = 'before' | 'after'

/** After a call is nearly before the next one; they differ where calls run at once. */
const moments: readonly Moment[] = process.env['BERTH_FULL'] === undefined ? ['before'] : ['before', 'after']

class Died extends Error {}

/** A store whose user dies at one call of it. From then on nothing it does arrives. */
class Mortal {
  readonly driver: StorageDriver
  calls = 0
  readonly #at: number
  readonly #moment: Moment

  constructor(driver: StorageDriver, at: number, moment: Moment) {
    this.#at = at
    this.#moment = moment
    const live = <T>(work: () => Promise<T>): Promise<T> => this.#live(work)
    this.driver = {
      name: driver.name,
      stat: (path) => live(() => driver.stat(path)),
      read: (path, limit) => live(() => driver.read(path, limit)),
      write: (path, content, options) => live(() => driver.write(path, content, options)),
      open: (path, range) => live(() => driver.open(path, range)),
      create: (path, source, options) => live(() => driver.create(path, source, options)),
      // Each object is a moment of its own to die at.
      publish: async (objects) => {
        for (const object of objects) await live(() => driver.publish([object]))
      },
      move: (source, to, options) => live(() => driver.move(source, to, options)),
      delete: (path) => live(() => driver.delete(path)),
      deleteTree: (path) => live(() => driver.deleteTree(path)),
      list: (path, after) => this.#list(driver.list(path, after)),
      removeLeftovers: (olderThan) => driver.removeLeftovers(olderThan),
      close: () => driver.close(),
    }
  }

  get died(): boolean {
    return this.calls >= this.#at
  }

  async #live<T>(work: () => Promise<T>): Promise<T> {
    const call = ++this.calls
    if (call > this.#at || (call === this.#at && this.#moment === 'before')) throw new Died()
    const result = await work()
    if (call === this.#at) throw new Died()
    return result
  }

  async *#list(names: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
    await this.#live(async () => {})
    yield* names
  }
}

async function* from(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks
}

interface Image {
  readonly digest: Digest
  readonly content: Buffer
}

function described(content: Buffer): object {
  return { digest: digestOf(content), size: content.length }
}

function imageOf(layers: readonly Buffer[], subject?: Image): Image {
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described(config) },
      layers: layers.map((layer) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        ...described(layer),
      })),
      ...(subject && { subject: { mediaType: mediaTypes.ociManifest, ...described(subject.content) } }),
    }),
  )
  return { content, digest: digestOf(content) }
}

const image = imageOf([whole])
const before = imageOf([])
const note = imageOf([], image)

async function putImage(
  registry: Registry,
  { digest, content }: Image,
  tag?: string,
  alias?: Digest,
  isImmutable = (): boolean => false,
): Promise<void> {
  const upload = {
    mediaType: mediaTypes.ociManifest,
    content,
    isImmutable,
    ...(tag !== undefined && { tags: [parseTag(tag)] }),
  }
  await registry.putManifest(context, name, { kind: 'digest', digest: alias ?? digest }, upload)
}

/** Nothing that can be seen is wrong: what is listed can be had, whole, with all it needs. */
async function assertSound(registry: Registry): Promise<void> {
  for (const repository of [name, other]) {
    for (const content of [whole, config]) {
      for (const digest of [digestOf(content), digestOf(content, 'sha512')]) {
        const blob = await absentAs(registry.openBlob(context, repository, digest), 'BLOB_UNKNOWN')
        if (blob === undefined) continue
        assert.deepEqual(Buffer.concat(await take(await blob.read(), Infinity)), content)
        assert.equal((await registry.statBlob(context, repository, digest)).size, content.length)
      }
    }
    for (const tag of (await absentAs(take(registry.tags(context, repository), 100), 'NAME_UNKNOWN')) ?? []) {
      const stored = await registry.getManifest(context, repository, { kind: 'tag', tag })
      await assertComplete(registry, Buffer.from(stored.content))
    }
    for (const { digest } of [image, before, note]) {
      const reference = { kind: 'digest', digest } as const
      const stored = await absentAs(registry.getManifest(context, repository, reference), 'MANIFEST_UNKNOWN')
      if (stored !== undefined) await assertComplete(registry, Buffer.from(stored.content))
    }
    for (const { digest } of await take(registry.referrers(context, repository, image.digest), 100))
      await registry.getManifest(context, repository, { kind: 'digest', digest })
  }
  for (const repository of await take(registry.repositories(context), 100)) assert.equal(repository, name)
}

async function assertComplete(registry: Registry, content: Buffer): Promise<void> {
  const known = [image, before, note].find((each) => each.content.equals(content))
  assert.ok(known)
  if (deletesBlobs) return
  await registry.statBlob(context, name, digestOf(config))
  if (known === image) await registry.statBlob(context, name, digestOf(whole))
}

/** Set while a scenario deletes a blob on purpose. */
let deletesBlobs = false

async function absentAs<T>(work: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof RegistryError && error.code === code) return undefined
    throw error
  }
}

const always = (): boolean => true

async function taggedAs(registry: Registry, tag: string): Promise<Digest> {
  return (await registry.getManifest(context, name, { kind: 'tag', tag: parseTag(tag) })).digest
}

interface Scenario {
  readonly title: string
  readonly prepare?: (registry: Registry, store: MemoryDriver) => Promise<void>
  /** What dies. */
  readonly work: (registry: Registry, notes: { id?: UploadId }) => Promise<unknown>
  /** What the client does that got no answer, with another process; then all must be as it wanted. */
  readonly retry: (registry: Registry, notes: { id?: UploadId }) => Promise<unknown>
  readonly done: (registry: Registry) => Promise<void>
}

async function pushBlobs(registry: Registry): Promise<void> {
  for (const content of [whole, config])
    await registry.putBlob(context, name, digestOf(content), from(content))
}

async function hasWhole(registry: Registry, digest: Digest): Promise<void> {
  const blob = await registry.openBlob(context, name, digest)
  assert.deepEqual(Buffer.concat(await take(await blob.read(), Infinity)), whole)
}

/** As clients do: a PUT again, and when that upload is no more, all from the beginning. */
async function commitAgain(registry: Registry, id: UploadId | undefined, digest: Digest): Promise<void> {
  if (id !== undefined) {
    const status = await absentAs(registry.uploadStatus(context, name, id), 'BLOB_UPLOAD_UNKNOWN')
    if (status !== undefined) {
      assert.ok([0, 4, 8, 13].includes(status.size), `whole pieces, not ${status.size}`)
      const tail = { offset: status.size, source: from(...[whole.subarray(status.size)].filter(isSome)) }
      const committed = registry.commitUpload(context, name, id, digest, tail)
      if ((await absentAs(committed, 'BLOB_UPLOAD_UNKNOWN')) !== undefined) return
    }
    // Bytes that were acknowledged are lost only to a blob that is there.
    await registry.statBlob(context, name, digest)
  }
  const fresh = await registry.startUpload(context, name)
  await registry.appendUpload(context, name, fresh.id, { source: from(whole) })
  await registry.commitUpload(context, name, fresh.id, digest)
}

function isSome(bytes: Uint8Array): boolean {
  return bytes.length > 0
}

async function startNoting(
  registry: Registry,
  notes: { id?: UploadId },
  algorithm?: 'sha512',
): Promise<UploadId> {
  const { id } = await registry.startUpload(context, name, algorithm)
  notes.id = id
  return id
}

const digest = digestOf(whole)
const wide = digestOf(whole, 'sha512')

const scenarios: readonly Scenario[] = [
  {
    title: 'an upload in one PATCH and a PUT',
    async work(registry, notes) {
      const id = await startNoting(registry, notes)
      await registry.appendUpload(context, name, id, { source: from(...pieces) })
      await registry.commitUpload(context, name, id, digest)
    },
    retry: (registry, { id }) => commitAgain(registry, id, digest),
    done: (registry) => hasWhole(registry, digest),
  },
  {
    title: 'an upload whose PUT brings the bytes',
    async work(registry, notes) {
      const id = await startNoting(registry, notes)
      await registry.commitUpload(context, name, id, digest, { source: from(...pieces) })
    },
    retry: (registry, { id }) => commitAgain(registry, id, digest),
    done: (registry) => hasWhole(registry, digest),
  },
  {
    title: 'an upload in several pieces',
    async work(registry, notes) {
      const id = await startNoting(registry, notes)
      const [first = whole, second = whole, third = whole] = pieces
      await registry.appendUpload(context, name, id, { source: from(first) })
      await registry.appendUpload(context, name, id, { source: from(second) })
      await registry.commitUpload(context, name, id, digest, { source: from(third) })
    },
    retry: (registry, { id }) => commitAgain(registry, id, digest),
    done: (registry) => hasWhole(registry, digest),
  },
  {
    title: 'an upload to be named by its sha512',
    async work(registry, notes) {
      const id = await startNoting(registry, notes, 'sha512')
      await registry.appendUpload(context, name, id, { source: from(...pieces) })
      await registry.commitUpload(context, name, id, wide)
    },
    retry: (registry, { id }) => commitAgain(registry, id, wide),
    async done(registry) {
      await hasWhole(registry, wide)
      await hasWhole(registry, digest)
    },
  },
  {
    title: 'a blob in one request',
    work: (registry) => registry.putBlob(context, name, digest, from(...pieces)),
    retry: (registry) => registry.putBlob(context, name, digest, from(whole)),
    done: (registry) => hasWhole(registry, digest),
  },
  {
    title: 'a blob in one request, by its sha512',
    work: (registry) => registry.putBlob(context, name, wide, from(...pieces)),
    retry: (registry) => registry.putBlob(context, name, wide, from(whole)),
    done: (registry) => hasWhole(registry, wide),
  },
  {
    title: 'a mount',
    prepare: pushBlobs,
    work: (registry) => registry.mountBlob(context, other, digest, { from: name }),
    retry: (registry) => registry.mountBlob(context, other, digest, { from: name }),
    async done(registry) {
      await registry.statBlob(context, other, digest)
    },
  },
  {
    title: 'a cancelled upload',
    async work(registry, notes) {
      const id = await startNoting(registry, notes)
      await registry.appendUpload(context, name, id, { source: from(whole) })
      await registry.cancelUpload(context, name, id)
    },
    async retry(registry, { id }) {
      if (id !== undefined) await absentAs(registry.cancelUpload(context, name, id), 'BLOB_UPLOAD_UNKNOWN')
    },
    async done() {},
  },
  {
    title: 'a tag that moves',
    async prepare(registry) {
      await pushBlobs(registry)
      await putImage(registry, before, 'latest')
    },
    work: (registry) => putImage(registry, image, 'latest'),
    retry: (registry) => putImage(registry, image, 'latest'),
    async done(registry) {
      const { digest: current } = await registry.getManifest(context, name, {
        kind: 'tag',
        tag: parseTag('latest'),
      })
      assert.equal(current, image.digest)
    },
  },
  ...['no tag', '', 'half'].map((leftover): Scenario => ({
    title: `the first push to an immutable tag, over ${JSON.stringify(leftover)}`,
    async prepare(registry, store) {
      await pushBlobs(registry)
      if (leftover !== 'no tag') await store.write(tagLink(name, parseTag('v1')), Buffer.from(leftover))
    },
    work: (registry) => putImage(registry, image, 'v1', undefined, always),
    retry: (registry) => putImage(registry, image, 'v1', undefined, always),
    async done(registry) {
      assert.equal(await taggedAs(registry, 'v1'), image.digest)
      const another = putImage(registry, before, 'v1', undefined, always)
      await assert.rejects(another, { code: 'TAG_IMMUTABLE' })
    },
  })),
  {
    title: 'the first push to an immutable tag, and another one comes then',
    prepare: pushBlobs,
    work: (registry) => putImage(registry, image, 'v1', undefined, always),
    async retry(registry) {
      const tagged = await absentAs(taggedAs(registry, 'v1'), 'MANIFEST_UNKNOWN')
      const another = putImage(registry, before, 'v1', undefined, always)
      if (tagged === undefined) await another
      else await assert.rejects(another, { code: 'TAG_IMMUTABLE' })
      assert.equal(await taggedAs(registry, 'v1'), tagged ?? before.digest)
    },
    async done() {},
  },
  {
    title: 'a referrer',
    async prepare(registry) {
      await pushBlobs(registry)
      await putImage(registry, image, 'latest')
      await take(registry.referrers(context, name, image.digest), 1)
    },
    work: (registry) => putImage(registry, note),
    retry: (registry) => putImage(registry, note),
    async done(registry) {
      const found = await take(registry.referrers(context, name, image.digest), 10)
      assert.deepEqual(
        found.map((each) => each.digest),
        [note.digest],
      )
    },
  },
  {
    title: 'a manifest by its sha512, with two tags',
    prepare: pushBlobs,
    work: (registry) => putImage(registry, image, 'v1', digestOf(image.content, 'sha512')),
    retry: (registry) => putImage(registry, image, 'v1', digestOf(image.content, 'sha512')),
    async done(registry) {
      const alias = digestOf(image.content, 'sha512')
      assert.equal(
        (await registry.getManifest(context, name, { kind: 'digest', digest: alias })).digest,
        alias,
      )
    },
  },
  {
    title: 'the deletion of a manifest',
    async prepare(registry) {
      await pushBlobs(registry)
      await putImage(registry, image, 'latest')
      await putImage(registry, note, 'note', digestOf(note.content, 'sha512'))
      await putImage(registry, note, 'again')
      await putImage(registry, before, 'before')
    },
    work: (registry) => registry.deleteManifest(context, name, note.digest),
    retry: (registry) => absentAs(registry.deleteManifest(context, name, note.digest), 'MANIFEST_UNKNOWN'),
    async done(registry) {
      assert.deepEqual(await take(registry.tags(context, name), 10), ['before', 'latest'])
      assert.deepEqual(await take(registry.referrers(context, name, image.digest), 10), [])
      for (const gone of [note.digest, digestOf(note.content, 'sha512')]) {
        const reference = { kind: 'digest', digest: gone } as const
        await assert.rejects(registry.getManifest(context, name, reference), { code: 'MANIFEST_UNKNOWN' })
      }
    },
  },
  {
    title: 'the deletion of a tag',
    async prepare(registry) {
      await pushBlobs(registry)
      await putImage(registry, before, 'latest')
      await putImage(registry, image, 'latest')
    },
    work: (registry) => registry.deleteTag(context, name, parseTag('latest')),
    retry: (registry) => absentAs(registry.deleteTag(context, name, parseTag('latest')), 'MANIFEST_UNKNOWN'),
    async done(registry) {
      assert.deepEqual(await take(registry.tags(context, name), 10), [])
      await registry.getManifest(context, name, { kind: 'digest', digest: image.digest })
    },
  },
  {
    title: 'the deletion of a blob',
    prepare: pushBlobs,
    work: (registry) => registry.deleteBlob(context, name, digest),
    retry: (registry) => absentAs(registry.deleteBlob(context, name, digest), 'BLOB_UNKNOWN'),
    async done(registry) {
      await assert.rejects(registry.statBlob(context, name, digest), { code: 'BLOB_UNKNOWN' })
    },
  },
]

/** More calls than any scenario makes. */
const enough = 1000

async function crash(
  scenario: Scenario,
  prepared: MemoryDriver,
  at: number,
  moment: Moment,
): Promise<boolean> {
  const store = await copyOf(prepared)
  const mortal = new Mortal(store, at, moment)
  const notes: { id?: UploadId } = {}
  try {
    await scenario.work(createStoredRegistry(mortal.driver), notes)
  } catch (error) {
    if (!(error instanceof Died)) throw error
  }
  const next = createStoredRegistry(store)
  await assertSound(next)
  await scenario.retry(next, notes)
  await scenario.done(next)
  await assertSound(next)
  return mortal.died
}

async function copyOf(store: MemoryDriver): Promise<MemoryDriver> {
  const copy = new MemoryDriver()
  const visit = async (path: StoragePath): Promise<void> => {
    const content = await store.read(path)
    if (content !== undefined) await copy.write(path, content)
    for await (const child of store.list(path)) await visit(storagePath(`${path}/${child}`))
  }
  await visit(storagePath('docker'))
  return copy
}

describe('a process that dies during', () => {
  for (const scenario of scenarios) {
    it(scenario.title, async () => {
      deletesBlobs = scenario.title === 'the deletion of a blob'
      const prepared = new MemoryDriver()
      await scenario.prepare?.(createStoredRegistry(prepared), prepared)
      for (const moment of moments) {
        let at = 1
        while (at < enough && (await labelled(scenario, prepared, at, moment))) at++
        assert.ok(at > 1 && at < enough)
      }
    })
  }
})

async function labelled(
  scenario: Scenario,
  prepared: MemoryDriver,
  at: number,
  moment: Moment,
): Promise<boolean> {
  try {
    return await crash(scenario, prepared, at, moment)
  } catch (error) {
    throw new Error(`died ${moment} call ${at}`, { cause: error })
  }
}
