import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { source } from '../contract/support.ts'
import { storagePath } from '../driver.ts'
import { FilesystemDriver } from './driver.ts'
import { failWith, replace } from './faults.ts'

let root: string
let driver: FilesystemDriver
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'berth-durable-'))
  driver = new FilesystemDriver({ rootDirectory: root })
})
afterEach(() => {
  mock.restoreAll()
  fs.rmSync(root, { recursive: true })
})

const path = storagePath('a/b/link')
const content = Buffer.from('content')

function label(target: unknown): string {
  return String(target).includes('/_berth/tmp/') ? 'T' : String(target).slice(root.length) || '/'
}

/** Notes, in order, what is renamed, linked, and synced by its path below the root (`T` for the temporary file). */
function record(): string[] {
  const events: string[] = []
  replace('fsync', (args, real) => {
    events.push(`sync ${label(fs.readlinkSync(`/proc/self/fd/${String(args[0])}`))}`)
    real()
  })
  for (const name of ['rename', 'link'] as const)
    replace(name, (args, real) => {
      if (fs.existsSync(dirname(String(args[1])))) events.push(`${name} ${label(args[0])} ${label(args[1])}`)
      real()
    })
  return events
}

describe('durability', () => {
  it('syncs a file before it gets its name, then its folder and the parents of new folders', async () => {
    for (const write of [() => driver.write(path, content), () => driver.create(path, source(content, 3))]) {
      fs.rmSync(join(root, 'a'), { recursive: true, force: true })
      mock.restoreAll()
      const events = record()
      await write()
      assert.deepEqual(events.slice(0, 2), ['sync T', 'rename T /a/b/link'])
      assert.deepEqual(events.slice(2).toSorted(), ['sync /', 'sync /a', 'sync /a/b'])
    }
  })

  it('syncs only the folder when no folder is new', async () => {
    await driver.write(path, content)
    const events = record()
    await driver.write(path, content)
    assert.deepEqual(events, ['sync T', 'rename T /a/b/link', 'sync /a/b'])
  })

  it('syncs what a call left unsynced that need not be durable', async () => {
    await driver.write(storagePath('a/b/startedat'), content, { durable: false })
    const events = record()
    await driver.write(path, content)
    assert.deepEqual(events.slice(2).toSorted(), ['sync /', 'sync /a', 'sync /a/b'])
    events.length = 0
    await driver.write(path, content)
    assert.deepEqual(events.slice(2), ['sync /a/b'])
  })

  it('syncs again the entry of a folder that was removed and made again', async () => {
    await driver.write(path, content)
    await driver.delete(path)
    const events = record()
    await driver.write(path, content)
    assert.deepEqual(events.slice(2).toSorted(), ['sync /', 'sync /a', 'sync /a/b'])
  })

  it('syncs nothing for a write that need not be durable, and only the bytes of such a stream', async () => {
    const events = record()
    await driver.write(path, content, { durable: false })
    assert.deepEqual(events, [])
    await driver.create(path, source(content, 3), { durable: false })
    assert.deepEqual(events, ['sync T', 'rename T /a/b/link'])
  })

  it('syncs the folder of what another call has written already, for it may not have come to that yet', async () => {
    await driver.write(path, content, { durable: false })
    const events = record()
    assert.equal(await driver.write(path, content, { ifAbsent: true }), false)
    assert.deepEqual(events.toSorted(), ['sync /', 'sync /a', 'sync /a/b'])
  })

  it('syncs the new folders of a moved object', async () => {
    await driver.create(path, source(content, 3), { durable: false })
    const events = record()
    await driver.move(path, storagePath('x/y/data'))
    assert.equal(events[0], 'rename /a/b/link /x/y/data')
    assert.deepEqual(events.slice(1).toSorted(), ['sync /', 'sync /x', 'sync /x/y'])
  })

  it('publishes with all bytes synced before the first name, the names in order, and all folders at the end', async () => {
    await driver.create(storagePath('blobs/data'), source(content, 3), { durable: false })
    const events = record()
    await driver.publish([
      { path: storagePath('blobs/data') },
      { path: storagePath('links/one'), content },
      { path: storagePath('links/two'), content },
    ])
    assert.deepEqual(events.slice(0, 4), ['sync T', 'sync T', 'rename T /links/one', 'rename T /links/two'])
    assert.deepEqual(events.slice(4).toSorted(), ['sync /', 'sync /blobs', 'sync /links'])
  })

  it('publishes nothing behind an object that cannot be', async () => {
    replace('rename', (args, real) => {
      if (String(args[1]).endsWith('/two')) failWith(args, 'EIO', 'rename')
      else real()
    })
    const objects = ['one', 'two', 'three'].map((name) => ({ path: storagePath(`l/${name}`), content }))
    await assert.rejects(driver.publish(objects), { code: 'STORAGE_UNAVAILABLE' })
    assert.deepEqual(fs.readdirSync(join(root, 'l')), ['one'])
    assert.deepEqual(fs.readdirSync(join(root, '_berth/tmp')), [])
  })

  it('answers only after the sync that began after its rename, however many share it', async () => {
    await driver.write(storagePath('f/first'), content)
    let clock = 0
    const begun: number[] = []
    const ended: number[] = []
    replace('fsync', (args, real) => {
      if (!fs.readlinkSync(`/proc/self/fd/${String(args[0])}`).endsWith('/f')) return real()
      begun.push(clock++)
      const done = args.at(-1) as (error: null) => void
      return setTimeout(() => {
        ended.push(clock++)
        done(null)
      }, 10)
    })
    const renamed = new Map<string, number>()
    replace('rename', (args, real) => {
      renamed.set(String(args[1]), clock++)
      real()
    })
    const names = Array.from({ length: 40 }, (_, index) => storagePath(`f/${index}`))
    await Promise.all(
      names.map(async (name) => {
        await driver.write(name, content)
        const answer = clock++
        const at = renamed.get(join(root, name)) ?? Infinity
        assert.ok(
          begun.some((begin, index) => begin > at && (ended[index] ?? Infinity) < answer),
          `${name} was answered before its folder was synced`,
        )
      }),
    )
    assert.ok(begun.length < names.length / 2, `${begun.length} syncs for ${names.length} writes`)
  })
})
