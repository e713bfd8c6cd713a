import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RegistryError } from '../registry/errors.ts'
import { createDriver } from './create-driver.ts'
import { type StorageDriver, storagePath } from './driver.ts'
import { newTrialFolder, probePath, removeProbes } from './probes.ts'
import { lookAtStore, type TrialOperation, tryStore } from './trial.ts'

async function objectsOf(driver: StorageDriver, folder = 'docker'): Promise<readonly string[]> {
  const found: string[] = []
  for await (const name of driver.list(storagePath(folder))) {
    const path = `${folder}/${name}`
    const info = await driver.stat(storagePath(path))
    found.push(...(info?.isFolder === true ? await objectsOf(driver, path) : [path]))
  }
  return found
}

const everything: readonly TrialOperation[] = [
  'write',
  'write if absent',
  'read',
  'stat',
  'list',
  'upload 1 MiB',
  'read a range',
  'move',
  'delete',
]

/** The inner driver with some of its methods replaced. */
async function changed(
  change: (inner: StorageDriver) => Partial<StorageDriver>,
): Promise<{ driver: StorageDriver; inner: StorageDriver }> {
  const inner = await createDriver({ kind: 'inmemory' })
  const names = ['stat', 'read', 'write', 'publish', 'open', 'create', 'move', 'delete', 'deleteTree', 'list']
  const methods = names.map((name) => {
    const method: unknown = Reflect.get(inner, name)
    return [name, typeof method === 'function' ? method.bind(inner) : method] as const
  })
  const driver = Object.assign(
    { name: 'changed' },
    Object.fromEntries(methods),
    change(inner),
  ) as StorageDriver
  return { driver, inner }
}

describe('a trial of a store', () => {
  it('does all that a registry does, as often as asked, and leaves nothing', async () => {
    const driver = await createDriver({ kind: 'inmemory' })
    const { measurements, problems } = await tryStore(driver, { rounds: 3 })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      measurements.map(({ operation, milliseconds }) => [operation, milliseconds.length]),
      everything.map((operation) => [operation, 3]),
    )
    assert.deepEqual(await objectsOf(driver), [])
  })

  it('has objects concatenated, and fetches one by its URL, where the store can do that', async () => {
    const { driver, inner } = await changed((store) => ({
      concatenate: async (parts, to) => {
        await store.create(
          to,
          (async function* () {
            for (const { path } of parts) yield (await store.read(path)) as Buffer
          })(),
        )
      },
      signedUrl: async (path) => new URL(`http://store/${path}`),
    }))
    const fetch = async ({ pathname }: URL): Promise<Uint8Array> =>
      (await inner.read(storagePath(pathname.slice(1)))) as Buffer
    const { measurements, problems } = await tryStore(driver, { rounds: 2, fetch })
    assert.deepEqual(problems, [])
    const operations = measurements.map(({ operation }) => operation)
    assert.ok(operations.includes('concatenate 10 MiB') && operations.includes('fetch a signed URL'))
    const wrong = await tryStore(driver, { rounds: 2, fetch: async () => Buffer.from('else') })
    assert.deepEqual(wrong.problems, ['fetch a signed URL: other bytes than were written'])
    assert.deepEqual(await objectsOf(inner), [])
  })

  it('finds out what a store does wrong', async () => {
    const failure = new RegistryError('STORAGE_UNAVAILABLE', { cause: new Error('the\ndisk is\n gone') })
    const cases: readonly (readonly [string, (inner: StorageDriver) => Partial<StorageDriver>])[] = [
      ['write: the disk is gone', () => ({ write: async () => Promise.reject(failure) })],
      ['write if absent: the store replaces', () => ({ write: async () => true })],
      [
        'read: not what was written',
        (inner) => ({ read: async (path) => (await inner.read(path))?.fill(0) }),
      ],
      ['stat: not the size', () => ({ stat: async () => undefined })],
      ['list: the listing lacks', () => ({ list: async function* () {} })],
      [
        'read a range: other bytes',
        (inner) => ({ open: async (path, range) => inner.open(path, range && { start: 0, end: 9 }) }),
      ],
      ['move: what was written', () => ({ move: async () => false })],
      ['delete: what was deleted is still there', () => ({ delete: async () => true })],
    ]
    for (const [expected, change] of cases) {
      const { driver, inner } = await changed(change)
      const { problems } = await tryStore(driver, { rounds: 2 })
      assert.ok(
        problems.some((line) => line.startsWith(expected) && !line.includes('\n')),
        `${expected}: ${problems.join(' | ')}`,
      )
      assert.ok(problems.length <= 3, 'a store that fails takes long to do so')
      assert.deepEqual(await objectsOf(inner), [], expected)
    }
  })

  it('says what it could not remove', async () => {
    const { driver } = await changed(() => ({
      deleteTree: async () => Promise.reject(new Error('not allowed')),
    }))
    const { problems } = await tryStore(driver, { rounds: 1 })
    assert.match(problems.join(), /^remove docker\/registry\/v2\/_berth\/probes\/trial-.*: not allowed/)
  })

  it('leaves nothing when it is ended early', async () => {
    for (const operation of ['read', 'move', 'delete'] as const) {
      const controller = new AbortController()
      const { driver, inner } = await changed((store) => ({
        [operation]: (...parameters: unknown[]): unknown => {
          controller.abort()
          return Reflect.apply(store[operation] as (...all: unknown[]) => unknown, store, parameters)
        },
      }))
      await assert.rejects(tryStore(driver, { rounds: 2, signal: controller.signal }), { name: 'AbortError' })
      assert.deepEqual(await objectsOf(inner), [], operation)
    }
  })

  it('only looks where nothing may be written', async () => {
    const { driver } = await changed(() => ({
      write: refuse,
      create: refuse,
      move: refuse,
      delete: refuse,
      deleteTree: refuse,
    }))
    const { measurements, problems } = await lookAtStore(driver, { rounds: 2 })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      measurements.map(({ operation }) => operation),
      ['stat', 'list'],
    )
  })

  it('is found when it was killed, and its young ones are let be', async () => {
    const driver = await createDriver({ kind: 'inmemory' })
    await driver.write(storagePath(`${newTrialFolder()}/small-0`), Buffer.from('x'))
    await driver.write(probePath(), Buffer.from('x'))
    const kept = storagePath('docker/registry/v2/blobs/sha256/ab/data')
    await driver.write(kept, Buffer.from('x'))
    assert.equal(await removeProbes(driver, 60_000), 0)
    assert.equal(await removeProbes(driver, -1), 2)
    assert.deepEqual(await objectsOf(driver), [kept])
  })
})

async function refuse(): Promise<never> {
  return Promise.reject(new Error('written to'))
}
