import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Context } from '../registry/context.ts'
import { digestOf, isDigest, type Digest, type DigestAlgorithm } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { mediaTypes } from '../registry/media-types.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import type { UploadId } from '../registry/upload-id.ts'
import { storagePath, type StorageDriver, type StoragePath } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { take } from '../util/iterables.ts'
import { layerLink, revisionLink, tagLink, tagsFolder, uploadsFolder } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'

/*
 * Requests that race: one runs whole before the k-th call that the other one makes to the store, for every k; or all calls of
 * several are made in an order that is drawn. `publish` counts as one call for each of its objects.
 */

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const name = parseRepositoryName('team/app')
const latest = parseTag('latest')
const config = Buffer.from('{}')

/** A driver, before whose every call somebody else may have his turn. */
function withTurns(driver: StorageDriver, turn: (call: string) => Promise<void>): StorageDriver {
  const after = async <T>(call: string, work: () => Promise<T>): Promise<T> => {
    await turn(call)
    return await work()
  }
  return {
    name: driver.name,
    stat: (path) => after(`stat ${path}`, () => driver.stat(path)),
    read: (path, limit) => after(`read ${path}`, () => driver.read(path, limit)),
    write: (path, content, options) => after(`write ${path}`, () => driver.write(path, content, options)),
    async publish(objects) {
      for (const object of objects) await after(`publish ${object.path}`, () => driver.publish([object]))
    },
    async open(path, range) {
      const object = await after(`open ${path}`, () => driver.open(path, range))
      return (
        object && {
          size: object.size,
          [Symbol.asyncIterator]: () => turning(object),
          close: () => object.close(),
        }
      )
    },
    async create(path, source, options) {
      // Its beginning is a moment; its bytes are pulled in others; the end, when it becomes visible, is one more.
      await turn(`create ${path}`)
      return await driver.create(path, turning(source), options)
    },
    move: (origin, to, options) => after(`move ${origin}`, () => driver.move(origin, to, options)),
    delete: (path) => after(`delete ${path}`, () => driver.delete(path)),
    deleteTree: (path) => after(`deleteTree ${path}`, () => driver.deleteTree(path)),
    async *list(path, start) {
      await turn(`list ${path}`)
      yield* driver.list(path, start)
    },
    removeLeftovers: (olderThan) => driver.removeLeftovers(olderThan),
    close: () => driver.close(),
  }

  async function* turning(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      await turn('bytes')
      yield chunk
    }
    await turn('end')
  }
}

type Work = (registry: Registry) => Promise<unknown>

interface Race {
  readonly prepare: Work
  /** What is interrupted. */
  readonly work: Work
  /** What runs at one call of it. */
  readonly interruption: Work
  /** @param call before which the interruption came */
  readonly check: (registry: Registry, store: MemoryDriver, call: string) => Promise<void>
  /** What must work then. */
  readonly afterwards?: Work
}

/** More calls than any work makes. */
const enough = 300

/** Runs a race for every k, in one process that knows of both, and in two that do not. */
async function race({ prepare, work, interruption, check, afterwards }: Race): Promise<void> {
  for (const isOneProcess of [true, false]) {
    let calls = 0
    let call: string | undefined = ''
    for (let at = 1; call !== undefined; at++) {
      assert.ok(at < enough)
      const store = new MemoryDriver()
      let left = Infinity
      const registry: Registry = createStoredRegistry(
        withTurns(store, async (current) => {
          if (--left !== 0) return
          call = current
          await interruption(isOneProcess ? registry : other)
        }),
      )
      const other = createStoredRegistry(store)
      await prepare(registry)
      call = undefined
      left = at
      await work(registry)
      left = Infinity
      if (call === undefined) await interruption(isOneProcess ? registry : other)
      else calls++
      const told = `interrupted before call ${at}, ${call ?? 'none'}; ${isOneProcess ? 'one process' : 'two'}`
      try {
        // Others may remember for seconds what somebody deleted; who did it himself may not, and who comes anew cannot.
        if (isOneProcess) await check(registry, store, call ?? 'none')
        await check(createStoredRegistry(store), store, call ?? 'none')
        await afterwards?.(registry)
        await afterwards?.(createStoredRegistry(store))
      } catch (error) {
        throw new Error(told, { cause: error })
      }
    }
    assert.ok(calls > 0)
  }
}

async function* from(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks
}

/** Undefined when it fails with one of these codes: who loses a race hears so. */
async function unless<T>(work: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof RegistryError && codes.includes(error.code)) return undefined
    throw error
  }
}

interface Manifest {
  readonly content: Buffer
  readonly digest: Digest
}

function manifestOf(note: string): Manifest {
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      layers: [],
      annotations: { note },
    }),
  )
  return { content, digest: digestOf(content) }
}

const m1 = manifestOf('one')
const m2 = manifestOf('two')
const m3 = manifestOf('three')

async function put(registry: Registry, { content }: Manifest, tag = latest): Promise<void> {
  const upload = { mediaType: mediaTypes.ociManifest, content }
  await registry.putManifest(context, name, { kind: 'tag', tag }, upload)
}

async function remove(registry: Registry, { digest }: Manifest): Promise<void> {
  await unless(registry.deleteManifest(context, name, digest), 'MANIFEST_UNKNOWN')
}

async function prepareTagged(registry: Registry): Promise<void> {
  await registry.putBlob(context, name, digestOf(config), from(config))
  await put(registry, m1)
}

async function digestAt(registry: Registry, tag = latest): Promise<Digest | undefined> {
  const stored = registry.getManifest(context, name, { kind: 'tag', tag })
  return (await unless(stored, 'MANIFEST_UNKNOWN'))?.digest
}

async function has(registry: Registry, { digest }: Manifest): Promise<boolean> {
  const stored = registry.getManifest(context, name, { kind: 'digest', digest })
  return (await unless(stored, 'MANIFEST_UNKNOWN')) !== undefined
}

/** No tag points at a manifest that is not there, and what a process remembers is what the store holds. */
async function assertNothingDangles(registry: Registry, store: StorageDriver): Promise<void> {
  for await (const text of store.list(tagsFolder(name))) {
    const target = await store.read(tagLink(name, parseTag(text)))
    const digest = target?.toString()
    if (digest === undefined || !isDigest(digest)) continue
    assert.deepEqual(await store.read(revisionLink(name, digest)), target, `${text} dangles`)
    assert.equal(await digestAt(registry, parseTag(text)), digest)
  }
  for (const manifest of [m1, m2]) {
    const link = await store.read(revisionLink(name, manifest.digest))
    assert.equal(await has(registry, manifest), link !== undefined)
  }
  const listed = await unless(take(registry.tags(context, name), 10), 'NAME_UNKNOWN')
  for (const tag of listed ?? [])
    assert.ok(await digestAt(registry, tag), `${tag} is listed and cannot be pulled`)
}

/** A push that begins now is there when it is acknowledged. */
async function assertPushWorks(registry: Registry, manifest: Manifest): Promise<void> {
  await put(registry, manifest)
  assert.equal(await digestAt(registry), manifest.digest)
  assert.ok(await has(registry, manifest))
}

describe('a manifest is deleted while', () => {
  it('its tag moves to another one: the tag stays', async () => {
    const lost: string[] = []
    await race({
      prepare: prepareTagged,
      work: (registry) => remove(registry, m1),
      interruption: (registry) => put(registry, m2),
      async check(registry, store, call) {
        await assertNothingDangles(registry, store)
        assert.ok(await has(registry, m2))
        assert.ok(call === 'none' || !(await has(registry, m1)))
        const tagged = await digestAt(registry)
        // Only a push between the look at a tag and its removal may be overtaken, and then no tag is left.
        if (tagged === undefined) lost.push(call)
        else assert.equal(tagged, m2.digest)
      },
      afterwards: (registry) => assertPushWorks(registry, m1),
    })
    assert.deepEqual([...new Set(lost)], [`delete ${tagLink(name, latest)}`])
  })

  it('its tag moves to another one, and comes in between', async () => {
    await race({
      prepare: prepareTagged,
      work: (registry) => put(registry, m2),
      interruption: (registry) => remove(registry, m1),
      async check(registry, store) {
        await assertNothingDangles(registry, store)
        assert.ok(!(await has(registry, m1)))
        assert.equal(await digestAt(registry), m2.digest)
      },
      afterwards: (registry) => assertPushWorks(registry, m1),
    })
  })

  it('a tag moves to it', async () => {
    for (const [work, interruption] of [
      [(registry: Registry) => remove(registry, m1), (registry: Registry) => put(registry, m1)],
      [(registry: Registry) => put(registry, m1), (registry: Registry) => remove(registry, m1)],
    ] as const) {
      await race({
        async prepare(registry) {
          await prepareTagged(registry)
          await put(registry, m2)
        },
        work,
        interruption,
        async check(registry, store) {
          await assertNothingDangles(registry, store)
          assert.ok([m1.digest, m2.digest, undefined].includes(await digestAt(registry)))
          assert.ok(await has(registry, m2))
        },
        afterwards: (registry) => assertPushWorks(registry, m1),
      })
    }
  })

  it('it is pushed again under its tag', async () => {
    await race({
      prepare: prepareTagged,
      work: (registry) => remove(registry, m1),
      interruption: (registry) => put(registry, m1),
      async check(registry, store, call) {
        await assertNothingDangles(registry, store)
        const tagged = await digestAt(registry)
        // A push that begins when the delete has ended is there.
        if (call === 'none') assert.equal(tagged, m1.digest)
        else assert.ok(tagged === undefined || tagged === m1.digest)
      },
      afterwards: (registry) => assertPushWorks(registry, m1),
    })
  })

  it('it is pushed again under its tag, and comes in between', async () => {
    await race({
      prepare: prepareTagged,
      work: (registry) => put(registry, m1),
      interruption: (registry) => remove(registry, m1),
      async check(registry, store, call) {
        await assertNothingDangles(registry, store)
        // The push ended later: it makes again what was taken away under it.
        assert.equal(await digestAt(registry), call === 'none' ? undefined : m1.digest)
      },
      afterwards: (registry) => assertPushWorks(registry, m1),
    })
  })

  it('anything else happens to the same tag, in any order of calls', async () => {
    const works: Readonly<Record<string, Work>> = {
      'put 1': (registry) => put(registry, m1),
      'put 2': (registry) => put(registry, m2),
      'delete 1': (registry) => remove(registry, m1),
      'delete 2': (registry) => remove(registry, m2),
      untag: (registry) => unless(registry.deleteTag(context, name, latest), 'MANIFEST_UNKNOWN'),
    }
    const some = fc.uniqueArray(fc.constantFrom(...Object.keys(works)), { minLength: 2, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), some, fc.boolean(), async (scheduler, titles, isOneProcess) => {
        const store = new MemoryDriver()
        await prepareTagged(createStoredRegistry(store))
        const shared = scheduled(scheduler, store)
        const registries = titles.map(() => (isOneProcess ? shared : scheduled(scheduler, store)))
        const running = titles.map(async (title, index) => await works[title]?.(registries[index] ?? shared))
        await scheduler.waitFor(Promise.all(running))
        await scheduler.waitFor(
          assertNothingDangles(isOneProcess ? shared : createStoredRegistry(store), store),
        )
        await assertPushWorks(createStoredRegistry(store), m1)
      }),
      { numRuns: 300 },
    )
  })
})

/** A registry whose calls to its store come in the order that is drawn. */
function scheduled(scheduler: fc.Scheduler, store: StorageDriver): Registry {
  return createStoredRegistry(withTurns(store, (call) => scheduler.schedule(Promise.resolve(), call)))
}

/** A store that keeps all that a tag ever held, with nothing in between where it was deleted. */
class Watched extends MemoryDriver {
  readonly held: (Digest | undefined)[] = []

  override async write(...args: Parameters<MemoryDriver['write']>): Promise<boolean> {
    const isWritten = await super.write(...args)
    await this.#note(args[0])
    return isWritten
  }

  override async delete(path: StoragePath): Promise<boolean> {
    const isDeleted = await super.delete(path)
    await this.#note(path)
    return isDeleted
  }

  async #note(path: StoragePath): Promise<void> {
    if (path !== tagLink(name, latest)) return
    const text = (await this.read(path))?.toString()
    const digest = text !== undefined && isDigest(text) ? text : undefined
    if (this.held.length === 0 || this.held.at(-1) !== digest) this.held.push(digest)
  }

  /** Undefined beside undefined cannot be: two digests in a row are a tag that moved. */
  assertNeverMoved(): void {
    this.held.forEach((digest, at) => {
      assert.ok(
        digest === undefined || this.held[at + 1] === undefined,
        `the tag moved: ${this.held.join(' ')}`,
      )
    })
  }
}

const isImmutable = (): boolean => true

interface Answer {
  readonly manifest: Manifest
  /** The digest for which the push was refused. */
  readonly holder?: Digest
}

async function putOnce(registry: Registry, manifest: Manifest): Promise<Answer> {
  const upload = { mediaType: mediaTypes.ociManifest, content: manifest.content, isImmutable }
  try {
    await registry.putManifest(context, name, { kind: 'tag', tag: latest }, upload)
    return { manifest }
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'TAG_IMMUTABLE') throw error
    return { manifest, holder: (error.detail as { digest: Digest }).digest }
  }
}

/** What a crash of Distribution 2 leaves of a tag's link, among others; undefined: nothing. */
const leftovers = [undefined, '', 'sha256:half']

async function storeWith(leftover: string | undefined): Promise<Watched> {
  const store = new Watched()
  await createStoredRegistry(store).putBlob(context, name, digestOf(config), from(config))
  if (leftover !== undefined) await store.write(tagLink(name, latest), Buffer.from(leftover))
  return store
}

/** All who pushed one manifest got the tag, and all others heard which one. */
async function assertOneWon(registry: Registry, answers: readonly Answer[]): Promise<void> {
  const winner = await digestAt(registry)
  assert.ok(answers.some(({ manifest }) => manifest.digest === winner))
  for (const { manifest, holder } of answers)
    assert.equal(holder, manifest.digest === winner ? undefined : winner)
}

describe('manifests that race for an immutable tag', () => {
  for (const leftover of leftovers) {
    const title = `over ${leftover === undefined ? 'nothing' : JSON.stringify(leftover).slice(0, 20)}`

    it(`one gets it, ${title}: another push before each call`, async () => {
      let pushes = 0
      for (let call: string | undefined = '', at = 1; call !== undefined; at++) {
        const store = await storeWith(leftover)
        const answers: Answer[] = []
        const other = createStoredRegistry(store)
        call = undefined
        let left = at
        const turn = async (current: string): Promise<void> => {
          if (--left !== 0) return
          call = current
          answers.push(await putOnce(other, m2))
        }
        answers.push(await putOnce(createStoredRegistry(withTurns(store, turn)), m1))
        if (call === undefined) answers.push(await putOnce(other, m2))
        else pushes++
        store.assertNeverMoved()
        await assertOneWon(createStoredRegistry(store), answers)
      }
      assert.ok(pushes > 5)
    })

    it(`one gets it, ${title}: in any order of calls`, async () => {
      const some = fc.array(fc.constantFrom(m1, m2, m3), { minLength: 2, maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), some, fc.boolean(), async (scheduler, manifests, isOneProcess) => {
          const store = await storeWith(leftover)
          const shared = scheduled(scheduler, store)
          const running = manifests.map((manifest) =>
            putOnce(isOneProcess ? shared : scheduled(scheduler, store), manifest),
          )
          const answers = await scheduler.waitFor(Promise.all(running))
          store.assertNeverMoved()
          await assertOneWon(createStoredRegistry(store), answers)
          await assertNothingDangles(createStoredRegistry(store), store)
        }),
        { numRuns: 100 },
      )
    })
  }

  for (const [first, pushed] of [
    [m1, m1],
    [m1, m2],
    [undefined, m1],
  ] as const) {
    it(`it never points at nothing: ${first ? 'set' : 'unset'}, ${first === pushed ? 'the same' : 'another one'} pushed while the manifest is deleted`, async () => {
      const works: readonly Work[] = [
        (registry) => putOnce(registry, pushed),
        (registry) => remove(registry, first ?? pushed),
      ]
      for (const [work, interruption] of [works, works.toReversed()]) {
        assert.ok(work && interruption)
        await race({
          async prepare(registry) {
            await registry.putBlob(context, name, digestOf(config), from(config))
            if (first !== undefined) await putOnce(registry, first)
          },
          work,
          interruption,
          check: assertNothingDangles,
          async afterwards(registry) {
            const holder = await digestAt(registry)
            const { holder: refusedFor } = await putOnce(registry, pushed)
            assert.equal(refusedFor, holder === pushed.digest ? undefined : holder)
          },
        })
      }
    })
  }

  it('it moves only when somebody deletes it, and never points at nothing, in any order of calls', async () => {
    const works: Readonly<Record<string, Work>> = {
      'put 1': (registry) => putOnce(registry, m1),
      'put 2': (registry) => putOnce(registry, m2),
      'put 3': (registry) => putOnce(registry, m3),
      'delete 1': (registry) => remove(registry, m1),
      'delete 2': (registry) => remove(registry, m2),
      untag: (registry) => unless(registry.deleteTag(context, name, latest), 'MANIFEST_UNKNOWN'),
    }
    const some = fc.uniqueArray(fc.constantFrom(...Object.keys(works)), { minLength: 2, maxLength: 5 })
    const start = fc.constantFrom(...leftovers, m1, m2)
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        some,
        start,
        fc.boolean(),
        async (scheduler, titles, before, isOneProcess) => {
          const store = await storeWith(typeof before === 'object' ? undefined : before)
          if (typeof before === 'object') await putOnce(createStoredRegistry(store), before)
          const shared = scheduled(scheduler, store)
          const running = titles.map(
            async (title) => await works[title]?.(isOneProcess ? shared : scheduled(scheduler, store)),
          )
          await scheduler.waitFor(Promise.all(running))
          await scheduler.waitFor(
            assertNothingDangles(isOneProcess ? shared : createStoredRegistry(store), store),
          )
          const holder = await digestAt(createStoredRegistry(store))
          const { holder: refusedFor } = await putOnce(createStoredRegistry(store), m1)
          assert.equal(refusedFor, holder === m1.digest ? undefined : holder)
          store.assertNeverMoved()
        },
      ),
      { numRuns: 500 },
    )
  })
})

const pieces = ['one ', 'two ', 'three'].map((text) => Buffer.from(text))
const whole = Buffer.concat(pieces)
const foreign = Buffer.from('foreign bytes')

/** Every blob of the store has its digest, and every link of a layer leads to one. */
async function assertBlobsSound(store: StorageDriver): Promise<void> {
  const root = storagePath('docker/registry/v2/blobs')
  for await (const algorithm of store.list(root)) {
    for await (const start of store.list(storagePath(`${root}/${algorithm}`))) {
      for await (const hex of store.list(storagePath(`${root}/${algorithm}/${start}`))) {
        const content = await store.read(storagePath(`${root}/${algorithm}/${start}/${hex}/data`))
        assert.ok(content)
        assert.equal(digestOf(content, algorithm as DigestAlgorithm), `${algorithm}:${hex}`)
      }
    }
  }
  for (const content of [whole, foreign]) {
    const digest = digestOf(content)
    for (const named of [digest, digestOf(content, 'sha512')]) {
      const link = await store.read(layerLink(name, named))
      if (link !== undefined) assert.equal(link.toString(), digest)
    }
  }
}

async function hasBlob(registry: Registry, digest: Digest, content: Buffer): Promise<boolean> {
  const blob = await unless(registry.openBlob(context, name, digest), 'BLOB_UNKNOWN')
  if (blob === undefined) return false
  assert.deepEqual(Buffer.concat(await take(await blob.read(), Infinity)), content)
  return true
}

async function uploadOf(
  registry: Registry,
  algorithm: DigestAlgorithm,
  ...chunks: readonly Buffer[]
): Promise<UploadId> {
  const { id } = await registry.startUpload(context, name, algorithm)
  for (const chunk of chunks) await registry.appendUpload(context, name, id, { source: from(chunk) })
  return id
}

interface Commit {
  readonly algorithm: DigestAlgorithm
  readonly sent: readonly Buffer[]
  readonly tail?: Buffer
  /** What the client says that it sent. */
  readonly claimed: Buffer
}

const commits: Readonly<Record<string, Commit>> = {
  'one segment, sha256': { algorithm: 'sha256', sent: [whole], claimed: whole },
  'one segment, sha512': { algorithm: 'sha512', sent: [whole], claimed: whole },
  'several segments, sha256': { algorithm: 'sha256', sent: pieces, claimed: whole },
  'several segments, sha512': { algorithm: 'sha512', sent: pieces, claimed: whole },
  'bytes with the commit, sha256': { algorithm: 'sha256', sent: [], tail: whole, claimed: whole },
  'bytes with the commit, sha512': { algorithm: 'sha512', sent: [], tail: whole, claimed: whole },
  'other bytes than it says, sha256': { algorithm: 'sha256', sent: [foreign], claimed: whole },
  'other bytes than it says, sha512': { algorithm: 'sha512', sent: [foreign], claimed: whole },
  'foreign bytes': { algorithm: 'sha512', sent: [foreign], claimed: foreign },
}

const lost = ['BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID']

/** @returns whether it was acknowledged */
async function commit(
  registry: Registry,
  id: UploadId,
  { algorithm, tail, claimed }: Commit,
): Promise<boolean> {
  const digest = digestOf(claimed, algorithm)
  const chunk = tail && { source: from(tail) }
  return (await unless(registry.commitUpload(context, name, id, digest, chunk), ...lost)) !== undefined
}

describe('commits that race', () => {
  for (const [title, one] of Object.entries(commits)) {
    it(`of one upload, twice: ${title}`, async () => {
      let id: UploadId | undefined
      const answers: boolean[] = []
      const commitIt: Work = async (registry) => {
        assert.ok(id)
        answers.push(await commit(registry, id, one))
      }
      await race({
        async prepare(registry) {
          answers.length = 0
          id = await uploadOf(registry, one.algorithm, ...one.sent)
        },
        work: commitIt,
        interruption: commitIt,
        async check(registry, store) {
          await assertBlobsSound(store)
          const isHonest = one.claimed.equals(Buffer.concat([...one.sent, one.tail ?? Buffer.alloc(0)]))
          assert.equal(answers.length, 2)
          const isThere = await hasBlob(registry, digestOf(one.claimed, one.algorithm), one.claimed)
          assert.equal(answers.includes(true), isThere)
          // Bytes that come with each of two commits may be added to each other: then neither digest is right.
          if (one.tail === undefined) assert.equal(isThere, isHonest)
          else assert.ok(isHonest)
          assert.deepEqual(await take(store.list(uploadsFolder(name)), 10), [])
        },
      })
    })
  }

  for (const [title, one] of Object.entries(commits)) {
    it(`with the upload's cancellation: ${title}`, async () => {
      let id: UploadId | undefined
      let isAcknowledged = false
      const works: readonly Work[] = [
        async (registry) => {
          assert.ok(id)
          isAcknowledged = await commit(registry, id, one)
        },
        async (registry) => {
          assert.ok(id)
          await unless(registry.cancelUpload(context, name, id), 'BLOB_UPLOAD_UNKNOWN')
        },
      ]
      const [first, second] = works
      assert.ok(first && second)
      for (const [work, interruption] of [
        [first, second],
        [second, first],
      ] as const) {
        await race({
          async prepare(registry) {
            id = await uploadOf(registry, one.algorithm, ...one.sent)
          },
          work,
          interruption,
          async check(registry, store) {
            await assertBlobsSound(store)
            const isThere = await hasBlob(registry, digestOf(one.claimed, one.algorithm), one.claimed)
            assert.equal(isAcknowledged, isThere)
            assert.deepEqual(await filesBelow(store, uploadsFolder(name)), [])
          },
        })
      }
    })
  }

  it('of two uploads, and twice of each, in any order of calls', async () => {
    const titles = fc.array(fc.constantFrom(...Object.keys(commits)), { minLength: 2, maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), titles, fc.boolean(), async (scheduler, drawn, isOneProcess) => {
        const store = new MemoryDriver()
        const plain = createStoredRegistry(store)
        const shared = scheduled(scheduler, store)
        const running: Promise<readonly [Commit, boolean]>[] = []
        for (const title of drawn) {
          const one = commits[title]
          assert.ok(one)
          const id = await uploadOf(plain, one.algorithm, ...one.sent)
          for (let time = 0; time < 2; time++) {
            const registry = isOneProcess ? shared : scheduled(scheduler, store)
            running.push(commit(registry, id, one).then((isAcknowledged) => [one, isAcknowledged]))
          }
        }
        for (const [one, isAcknowledged] of await scheduler.waitFor(Promise.all(running))) {
          if (!isAcknowledged) continue
          for (const registry of [plain, createStoredRegistry(store)])
            assert.ok(await hasBlob(registry, digestOf(one.claimed, one.algorithm), one.claimed))
        }
        await assertBlobsSound(store)
        assert.deepEqual(await take(store.list(uploadsFolder(name)), 10), [])
      }),
      { numRuns: 300 },
    )
  })
})

describe('an upload that ends while a request adds to it', () => {
  const gone: Readonly<Record<string, (registry: Registry, id: UploadId) => Promise<unknown>>> = {
    cancelled: (registry, id) => registry.cancelUpload(context, name, id),
    committed: (registry, id) => registry.commitUpload(context, name, id, digestOf(pieces[0] ?? whole)),
    'committed by a wrong digest': (registry, id) =>
      registry.commitUpload(context, name, id, digestOf(foreign)),
  }
  const clients: Readonly<Record<string, () => AsyncIterable<Uint8Array>>> = {
    'that comes to its end': () => from(foreign, whole),
    'that breaks off': async function* () {
      yield foreign
      throw new RegistryError('CLIENT_CLOSED')
    },
    'that stalls': async function* () {
      yield foreign
      throw new RegistryError('CLIENT_TIMEOUT')
    },
  }
  for (const [how, end] of Object.entries(gone)) {
    for (const [which, client] of Object.entries(clients)) {
      it(`${how}, a request ${which}: nothing is left of it`, async () => {
        let id: UploadId | undefined
        await race({
          async prepare(registry) {
            id = await uploadOf(registry, 'sha256', pieces[0] ?? whole)
          },
          async work(registry) {
            assert.ok(id)
            const added = registry.appendUpload(context, name, id, { source: client() })
            await unless(added, 'BLOB_UPLOAD_UNKNOWN', 'CLIENT_CLOSED', 'CLIENT_TIMEOUT')
          },
          async interruption(registry) {
            assert.ok(id)
            await unless(end(registry, id), ...lost)
          },
          async check(_registry, store) {
            assert.deepEqual(await filesBelow(store, uploadsFolder(name)), [])
            await assertBlobsSound(store)
          },
        })
      })
    }
  }
})

async function filesBelow(store: StorageDriver, path: StoragePath): Promise<string[]> {
  const files: string[] = []
  for await (const child of store.list(path)) {
    const below = storagePath(`${path}/${child}`)
    if ((await store.stat(below))?.isFolder === true) files.push(...(await filesBelow(store, below)))
    else files.push(below)
  }
  return files
}
