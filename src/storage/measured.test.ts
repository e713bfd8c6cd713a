import assert from 'node:assert/strict'
import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { take } from '../util/iterables.ts'
import { collect, type DriverUnderTest } from './contract/support.ts'
import { describeDriver } from './driver-contract.ts'
import { storagePath, type StorageDriver } from './driver.ts'
import { FilesystemDriver } from './filesystem/driver.ts'
import { measuredDriver, type StorageAction } from './measured.ts'
import { MemoryDriver } from './memory/driver.ts'

const ignore = (): void => {}

describeDriver('measured filesystem', async (): Promise<DriverUnderTest> => {
  const root = await fs.mkdtemp(join(tmpdir(), 'berth-measured-'))
  const driver = measuredDriver(new FilesystemDriver({ rootDirectory: root }), ignore)
  const all = async (folders: boolean): Promise<readonly string[]> => {
    const entries = await fs.readdir(root, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() === folders)
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .toSorted()
  }
  return {
    driver,
    objects: () => all(false),
    folders: async () => (await all(true)).filter((path) => path !== '_berth' && path !== '_berth/tmp'),
    dispose: async () => {
      await driver.close()
      await fs.rm(root, { recursive: true })
    },
  }
})

type Seen = readonly [driver: string, action: StorageAction]

function measured(inner: StorageDriver = new MemoryDriver()): {
  readonly driver: StorageDriver
  readonly seen: Seen[]
  readonly seconds: number[]
} {
  const seen: Seen[] = []
  const seconds: number[] = []
  const driver = measuredDriver(inner, (name, action, time) => {
    seen.push([name, action])
    seconds.push(time)
  })
  return { driver, seen, seconds }
}

const path = storagePath('a/b')
const other = storagePath('a/c')
const content = Buffer.from('bytes')

async function* slowly(milliseconds: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (const byte of content) {
    await sleep(milliseconds)
    yield Uint8Array.of(byte)
  }
}

/** All that a driver can do, so that a method added later is thought of. */
const calls: {
  readonly [Method in keyof StorageDriver]?: [StorageAction, (driver: StorageDriver) => Promise<unknown>]
} = {
  write: ['PutContent', (driver) => driver.write(path, content)],
  publish: [
    'PutContent',
    (driver) =>
      driver.publish([
        { path, content },
        { path: other, content },
      ]),
  ],
  create: ['Writer', (driver) => driver.create(path, slowly(0))],
  stat: ['Stat', (driver) => driver.stat(path)],
  read: ['GetContent', (driver) => driver.read(path)],
  open: ['Reader', async (driver) => (await driver.open(path))?.close()],
  list: ['List', (driver) => collect(driver.list(storagePath('a')))],
  move: ['Move', (driver) => driver.move(path, other)],
  delete: ['Delete', (driver) => driver.delete(other)],
  deleteTree: ['Delete', (driver) => driver.deleteTree(storagePath('a'))],
}

describe('a measured driver', () => {
  it("tells of each call once, by Distribution's name", async () => {
    const { driver, seen, seconds } = measured()
    for (const [action, call] of Object.values(calls)) {
      seen.length = 0
      await call(driver)
      assert.deepEqual(seen, [['inmemory', action]])
    }
    assert.ok(seconds.every((time) => time >= 0 && time < 60))
  })

  it('has no method that is not measured, but for what serves no request', () => {
    const methods = Object.keys(measured().driver).filter((key) => key !== 'name')
    assert.deepEqual(methods.toSorted(), [...Object.keys(calls), 'close', 'removeLeftovers'].toSorted())
  })

  it('tells of failures too, and passes them on', async () => {
    const failure = new Error('no disk')
    const fail = async (): Promise<never> => {
      throw failure
    }
    const { driver, seen } = measured(Object.assign(new MemoryDriver(), { stat: fail, create: fail }))
    await assert.rejects(driver.stat(path), failure)
    await assert.rejects(driver.create(path, slowly(0)), failure)
    assert.deepEqual(seen, [
      ['inmemory', 'Stat'],
      ['inmemory', 'Writer'],
    ])
  })

  it('does not count the time that the client takes to send', async () => {
    const { driver, seconds } = measured()
    await driver.create(path, slowly(20))
    assert.ok((seconds[0] ?? 1) < 0.05, `${seconds[0]} s of more than 0.1`)
  })

  it('counts the time of the store', async () => {
    const inner = new MemoryDriver()
    const slow: StorageDriver = Object.assign(new MemoryDriver(), {
      create: async (...given: Parameters<StorageDriver['create']>): Promise<number> => {
        await sleep(50)
        return await inner.create(given[0], given[1])
      },
    })
    const { driver, seconds } = measured(slow)
    await driver.create(path, slowly(0))
    assert.ok((seconds[0] ?? 0) >= 0.045, `${seconds[0]} s`)
  })

  it('counts a listing until it ends or its reader does, without the time of the reader', async () => {
    const { driver, seen, seconds } = measured()
    await driver.publish([
      { path, content },
      { path: other, content },
    ])
    seen.length = 0
    seconds.length = 0
    assert.deepEqual(await take(driver.list(storagePath('a')), 1), ['b'])
    assert.deepEqual(seen, [['inmemory', 'List']])
    for await (const _ of driver.list(storagePath('a'))) await sleep(50)
    assert.equal(seen.length, 2)
    assert.ok((seconds[1] ?? 1) < 0.05, `${seconds[1]} s of more than 0.1`)
  })

  it('hands an object on as it is, for its buffers and its end are the driver’s', async () => {
    const inner = new MemoryDriver()
    await inner.write(path, content)
    const object = await inner.open(path)
    const { driver } = measured(Object.assign(inner, { open: async () => object }))
    assert.equal(await driver.open(path), object)
  })
})
