import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Context } from '../registry/context.ts'
import { digestOf } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { parseRepositoryName } from '../registry/name.ts'
import type { Registry } from '../registry/registry.ts'
import type { UploadId } from '../registry/upload-id.ts'
import { MemoryObjectStore } from '../storage/contract/object-store.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { take } from '../util/iterables.ts'
import { blobData, layerLink, uploadEntry, uploadsFolder } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'
import { purgeUploads } from './upload-purge.ts'

/* Replicas on one bucket: each knows only what lies there, and all their calls to it are made in an order that is drawn. */

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const name = parseRepositoryName('team/app')
const [one, two, three] = ['one ', 'two ', 'three '].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
]
const runs = process.env['BERTH_FULL'] === undefined ? 200 : 2_000

/** Processes that know nothing of each other. */
function replicas(scheduler: fc.Scheduler, store: StorageDriver, count: number): readonly Registry[] {
  return Array.from({ length: count }, (_, number) =>
    createStoredRegistry(
      scheduled(store, (call) => scheduler.schedule(Promise.resolve(), `${number} ${call}`)),
    ),
  )
}

function scheduled(store: StorageDriver, turn: (call: string) => Promise<unknown>): StorageDriver {
  const plain = new Set<PropertyKey>(['name', 'minChunk', 'list', 'close', 'removeLeftovers', 'publish'])
  return new Proxy(store, {
    get(target, key) {
      if (key === 'list') {
        return async function* (...args: Parameters<StorageDriver['list']>): AsyncIterable<string> {
          await turn(`list ${args[0]}`)
          yield* target.list(...args)
        }
      }
      if (key === 'publish') {
        return async (objects: Parameters<StorageDriver['publish']>[0]): Promise<void> => {
          for (const object of objects) {
            await turn(`publish ${object.path}`)
            await target.publish([object])
          }
        }
      }
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      if (plain.has(key)) return value.bind(target)
      return async (...args: unknown[]): Promise<unknown> => {
        await turn(`${String(key)} ${String(args[0])}`)
        return (await Reflect.apply(value, target, args)) as unknown
      }
    },
  })
}

async function* from(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks
}

/** What came of a request: how it was refused, or nothing when it was acknowledged. */
async function outcome(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return error.code
  }
}

async function append(
  registry: Registry,
  id: UploadId,
  content: Buffer,
  offset?: number,
): Promise<string | undefined> {
  const chunk = { source: from(content), ...(offset !== undefined && { offset }) }
  return outcome(registry.appendUpload(context, name, id, chunk))
}

async function commit(
  registry: Registry,
  id: UploadId,
  ...chunks: readonly Buffer[]
): Promise<string | undefined> {
  return outcome(registry.commitUpload(context, name, id, digestOf(Buffer.concat(chunks))))
}

async function begun(store: StorageDriver, ...chunks: readonly Buffer[]): Promise<UploadId> {
  const registry = createStoredRegistry(store)
  const { id } = await registry.startUpload(context, name)
  for (const chunk of chunks) assert.equal(await append(registry, id, chunk), undefined)
  return id
}

/** No blob has bytes of another digest, and no link leads to none. */
async function assertSound(store: StorageDriver, ...contents: readonly Buffer[]): Promise<void> {
  for (const content of contents) {
    const digest = digestOf(content)
    const found = await store.read(blobData(digest))
    if (found !== undefined) assert.deepEqual(found, content)
    if ((await store.read(layerLink(name, digest))) !== undefined) assert.ok(found !== undefined)
  }
}

/** Whatever is left of uploads, the purge finds. */
async function assertPurged(store: StorageDriver): Promise<void> {
  await purgeUploads(store, { age: -60_000, dryRun: false }, context.log)
  assert.deepEqual(await take(store.list(uploadsFolder(name)), 10), [])
}

/** As a store that copies, and as one for which the chunks are too small. */
const stores = fc.constantFrom(1, 1_000).map((minChunk) => new MemoryObjectStore(minChunk))

async function explore(
  work: (
    scheduler: fc.Scheduler,
    store: MemoryObjectStore,
    wait: <T>(work: Promise<T>) => Promise<T>,
  ) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), stores, async (scheduler, store) => {
      await work(scheduler, store, (running) => scheduler.waitFor(running))
    }),
    { numRuns: runs },
  )
}

describe('replicas on one bucket', () => {
  it('acknowledge one at most of two chunks for the same place, and that one stays', async () => {
    let both = 0
    await explore(async (scheduler, store, wait) => {
      const id = await begun(store, one)
      const [a, b, c] = replicas(scheduler, store, 3) as [Registry, Registry, Registry]
      const answers = await wait(
        Promise.all([append(a, id, two, one.length), append(b, id, three, one.length)]),
      )
      for (const answer of answers) assert.ok(answer === undefined || answer === 'RANGE_INVALID', answer)
      const accepted = [two, three].filter((_, index) => answers[index] === undefined)
      assert.ok(accepted.length <= 1, 'both were acknowledged')
      if (accepted.length === 0) both++
      const { size } = await wait(c.uploadStatus(context, name, id))
      assert.equal(size, Buffer.concat([one, ...accepted]).length)
      // Whoever was refused may go on there.
      const chunks = [one, ...accepted, three]
      assert.equal(await wait(append(c, id, three, size)), undefined)
      assert.equal(await wait(commit(a, id, ...chunks)), undefined)
      assert.deepEqual(await store.read(blobData(digestOf(Buffer.concat(chunks)))), Buffer.concat(chunks))
      await assertPurged(store)
    })
    assert.ok(both < runs / 2, `both were refused in ${both} of ${runs}`)
  })

  it('take a chunk that is sent twice for what it is', async () => {
    await explore(async (scheduler, store, wait) => {
      const id = await begun(store)
      const [a, b] = replicas(scheduler, store, 2) as [Registry, Registry]
      const answers = await wait(Promise.all([append(a, id, two, 0), append(b, id, two, 0)]))
      // One that begins when the other has ended is out of place.
      assert.ok(answers.includes(undefined), answers.join())
      assert.equal(await wait(commit(b, id, two)), undefined)
      await assertSound(store, two)
      await assertPurged(store)
    })
  })

  it('commit twice at once', async () => {
    for (const chunks of [[three], [one, two, three]]) {
      await explore(async (scheduler, store, wait) => {
        const id = await begun(store, ...chunks)
        const [a, b] = replicas(scheduler, store, 2) as [Registry, Registry]
        const answers = await wait(Promise.all([commit(a, id, ...chunks), commit(b, id, ...chunks)]))
        assert.ok(answers.includes(undefined), answers.join())
        for (const answer of answers)
          assert.ok(answer === undefined || answer === 'BLOB_UPLOAD_UNKNOWN', answer)
        await assertSound(store, Buffer.concat(chunks))
        assert.ok((await store.read(layerLink(name, digestOf(Buffer.concat(chunks))))) !== undefined)
        await assertPurged(store)
      })
    }
  })

  it('refuse bytes of another digest, also when one of them hashed all chunks itself', async () => {
    for (const minChunk of [1, 1_000]) {
      const store = new MemoryObjectStore(minChunk)
      const registry = createStoredRegistry(store)
      for (const isRight of [false, true]) {
        const { id } = await registry.startUpload(context, name)
        for (const chunk of [one, two]) assert.equal(await append(registry, id, chunk), undefined)
        const answer = await commit(registry, id, one, isRight ? two : three)
        assert.equal(answer, isRight ? undefined : 'DIGEST_INVALID')
      }
      assert.equal(await store.read(blobData(digestOf(Buffer.concat([one, three])))), undefined)
      await assertSound(store, Buffer.concat([one, two]))
    }
  })

  it('leave nothing that the purge does not find when a chunk comes while another one ends the upload', async () => {
    const store = new MemoryObjectStore(1)
    const id = await begun(store, one)
    const folder = uploadsFolder(name)
    await store.delete(uploadEntry(name, id, 'startedat'))
    assert.equal(await purgeUploads(store, { age: 60_000, dryRun: false }, context.log), 0)
    assert.deepEqual(await take(store.list(folder), 10), [id])
    await assertPurged(store)
  })

  for (const [title, isWrong] of [
    ['', false],
    [' under a wrong digest', true],
  ] as const) {
    it(`cancel or purge while one commits${title}, and lose nothing that was acknowledged`, async () => {
      for (const chunks of [[one], [one, two, three]]) {
        await explore(async (scheduler, store, wait) => {
          const whole = Buffer.concat(chunks)
          const id = await begun(store, ...chunks)
          const [a, b, c] = replicas(scheduler, store, 3) as [Registry, Registry, Registry]
          const claimed = isWrong ? [two, two] : chunks
          const purging = purgeUploads(
            scheduled(store, (call) => scheduler.schedule(Promise.resolve(), `purge ${call}`)),
            { age: -60_000, dryRun: false },
            context.log,
          )
          const [answer] = await wait(
            Promise.all([
              commit(a, id, ...claimed),
              outcome(b.cancelUpload(context, name, id)),
              purging,
              append(c, id, two),
            ]),
          )
          const isThere = (await store.read(layerLink(name, digestOf(whole)))) !== undefined
          assert.equal(isThere, answer === undefined)
          if (isWrong) assert.ok(answer === 'DIGEST_INVALID' || answer === 'BLOB_UPLOAD_UNKNOWN', answer)
          await assertSound(store, whole, Buffer.concat([two, two]))
          // A commit after the purge finds nothing to commit.
          await assertPurged(store)
          assert.equal(await wait(commit(b, id, ...chunks)), 'BLOB_UPLOAD_UNKNOWN')
        })
      }
    })
  }
})
