import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { collect, drain, pattern, source } from '../contract/support.ts'
import { storagePath } from '../driver.ts'
import { FilesystemDriver } from './driver.ts'

/*
 * What a sound disk does not show: system calls that fail, take only a part, or must come in a certain order. They are
 * replaced on `node:fs` itself, where `calls.ts` looks them up each time.
 */

let root: string
let driver: FilesystemDriver
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'berth-faults-'))
  driver = new FilesystemDriver({ rootDirectory: root })
})
afterEach(() => {
  mock.restoreAll()
  fs.rmSync(root, { recursive: true })
})

type Call =
  | 'close'
  | 'fstat'
  | 'fsync'
  | 'link'
  | 'mkdir'
  | 'open'
  | 'read'
  | 'readdir'
  | 'rename'
  | 'rmdir'
  | 'stat'
  | 'unlink'
  | 'writev'
type Arguments = readonly unknown[]

/** Replaces a call; `real` runs the original one. The last of `args` is the callback. */
function replace(name: Call, substitute: (args: Arguments, real: () => void) => void): void {
  const original = fs[name] as (...args: Arguments) => void
  const replaced = (...args: Arguments): void => substitute(args, () => original(...args))
  mock.method(fs, name, replaced as never)
}

function failWith(args: Arguments, code: string, syscall: string): void {
  const callback = args.at(-1) as (error: Error) => void
  setImmediate(callback, Object.assign(new Error(`${code}: ${syscall}`), { code, syscall }))
}

function files(): readonly string[] {
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}

function label(path: unknown): string {
  return String(path).includes('/_berth/tmp/') ? 'T' : String(path).slice(root.length) || '/'
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

const path = storagePath('a/b/link')
const content = Buffer.from('content')

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
    assert.deepEqual(events, ['rename T /a/b/link'])
    events.length = 0
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

describe('system calls that fail', () => {
  const failures: readonly (readonly [Call, string, string])[] = [
    ['open', 'EMFILE', 'STORAGE_UNAVAILABLE'],
    ['writev', 'EIO', 'STORAGE_UNAVAILABLE'],
    ['writev', 'EDQUOT', 'STORAGE_FULL'],
    ['writev', 'EFBIG', 'STORAGE_FULL'],
    ['fsync', 'ENOSPC', 'STORAGE_FULL'],
    ['fsync', 'EIO', 'STORAGE_UNAVAILABLE'],
    ['rename', 'EACCES', 'STORAGE_UNAVAILABLE'],
    ['mkdir', 'EROFS', 'STORAGE_UNAVAILABLE'],
  ]
  for (const [call, errno, code] of failures)
    it(`reports ${errno} of ${call} as ${code}, and leaves nothing`, async () => {
      fs.mkdirSync(join(root, '_berth/tmp'), { recursive: true })
      replace(call, (args) => failWith(args, errno, call))
      const failure = { code, detail: undefined }
      await assert.rejects(driver.write(path, content), failure)
      await assert.rejects(driver.create(path, source(pattern(3_000_000), 65_536)), failure)
      assert.deepEqual(files(), [])
    })

  it('reports a failed sync of a folder', async () => {
    replace('fsync', (args, real) => {
      if (fs.readlinkSync(`/proc/self/fd/${String(args[0])}`).endsWith('/a/b')) failWith(args, 'EIO', 'fsync')
      else real()
    })
    for (const write of [
      () => driver.write(path, content),
      () => driver.create(path, source(content, 3)),
      () => driver.write(path, content, { ifAbsent: true }),
    ])
      await assert.rejects(write, { code: 'STORAGE_UNAVAILABLE' })
  })

  it('takes a folder that a deleter removes before its sync', async () => {
    replace('rename', (args, real) => {
      real()
      if (String(args[1]).endsWith('/link'))
        setImmediate(() => fs.rmSync(join(root, 'a'), { recursive: true, force: true }))
    })
    replace('open', (args, real) => {
      if (String(args[0]).includes('_berth/tmp')) real()
      else setTimeout(real, 20)
    })
    assert.equal(await driver.write(path, content), true)
    assert.deepEqual(files(), [])
  })

  it('closes no file while it is being written, when the source breaks off', async () => {
    const writing = new Set<unknown>()
    replace('writev', (args, real) => {
      writing.add(args[0])
      setTimeout(() => {
        writing.delete(args[0])
        real()
      }, 20)
    })
    let closed = 0
    replace('close', (args, real) => {
      closed += 1
      if (writing.has(args[0])) closed = -Infinity
      real()
    })
    await assert.rejects(driver.create(path, source(pattern(1_000_000), 65_536, 10)))
    assert.equal(closed, 1)
  })

  it('closes a file whose size it cannot learn', async () => {
    await driver.write(path, content)
    replace('fstat', (args) => failWith(args, 'EIO', 'fstat'))
    let closed = 0
    replace('close', (args, real) => {
      closed++
      real()
    })
    await assert.rejects(driver.open(path), { code: 'STORAGE_UNAVAILABLE' })
    assert.equal(closed, 1)
  })

  it('removes a tree that a writer fills once more before its folder goes', async () => {
    await driver.write(path, content)
    let fills = 3
    replace('rmdir', (args, real) => {
      if (String(args[0]).endsWith('/b') && fills-- > 0) fs.writeFileSync(join(root, 'a/b/late'), '')
      real()
    })
    await driver.deleteTree(storagePath('a/b'))
    assert.deepEqual(files(), [])
    assert.deepEqual(fs.readdirSync(root), ['_berth'])
  })

  it('takes a file system that syncs no folders', async () => {
    replace('fsync', (args, real) => {
      const target = fs.readlinkSync(`/proc/self/fd/${String(args[0])}`)
      if (target.includes('_berth/tmp')) real()
      else failWith(args, 'EINVAL', 'fsync')
    })
    assert.equal(await driver.write(path, content), true)
  })

  it('writes all, however little the system takes at once', async () => {
    let calls = 0
    replace('writev', (args) => {
      const [descriptor, buffers] = args as [number, readonly Uint8Array[]]
      const bytes = Buffer.concat(buffers)
      fs.write(
        descriptor,
        bytes,
        0,
        Math.min(bytes.length, 100_000 + (calls++ % 3)),
        null,
        args.at(-1) as never,
      )
    })
    const bytes = pattern(2_000_000)
    await driver.create(path, source(bytes, 65_536))
    assert.ok((await driver.read(path))?.equals(bytes))
    await driver.write(path, bytes)
    assert.ok((await driver.read(path))?.equals(bytes))
    assert.ok(calls > 40)
  })

  it('reads on when a read of a stream comes back short', async () => {
    const bytes = pattern(1_000_000)
    await driver.create(path, source(bytes, 65_536))
    replace('read', (args) => {
      const [descriptor, buffer, offset, length, position] = args as [number, Buffer, number, number, number]
      fs.readSync(descriptor, Buffer.alloc(0))
      const read = fs.readSync(descriptor, buffer, offset, Math.min(length, 77_777), position)
      setImmediate(args.at(-1) as (error: null, bytes: number) => void, null, read)
    })
    assert.ok((await drain(await driver.open(path))).equals(bytes))
  })

  it('reports a read that fails, and not before the chunks that came before it', async () => {
    await driver.create(path, source(pattern(1_000_000), 65_536))
    let reads = 0
    replace('read', (args, real) => {
      if (++reads > 2) failWith(args, 'EIO', 'read')
      else real()
    })
    const object = await driver.open(path)
    assert.ok(object !== undefined)
    let bytes = 0
    await assert.rejects(
      async () => {
        for await (const chunk of object) {
          bytes += chunk.length
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      },
      { code: 'STORAGE_UNAVAILABLE' },
    )
    assert.equal(bytes, 2 * 256 * 1024)
    await assert.rejects(driver.read(path), { code: 'STORAGE_UNAVAILABLE' })
  })

  it('closes no descriptor while a read of it is under way, and each once', async () => {
    await driver.create(path, source(pattern(1_000_000), 65_536))
    const reading = new Set<unknown>()
    let closed = 0
    replace('read', (args, real) => {
      reading.add(args[0])
      setTimeout(() => {
        reading.delete(args[0])
        real()
      }, 5)
    })
    replace('close', (args, real) => {
      closed += reading.has(args[0]) ? -Infinity : 1
      real()
    })
    const broken = await driver.open(path)
    assert.ok(broken !== undefined)
    for await (const chunk of broken) if (chunk.length > 0) break
    await broken.close()
    assert.equal(closed, 1)

    const interrupted = await driver.open(path)
    assert.ok(interrupted !== undefined)
    const chunks = interrupted[Symbol.asyncIterator]()
    const first = chunks.next()
    await Promise.all([interrupted.close(), assert.rejects(first)])
    assert.equal(closed, 2)
  })

  it('begins a small read again when another machine has replaced the file (NFS)', async () => {
    await driver.write(path, content)
    let left = 2
    replace('read', (args, real) => {
      if (left-- > 0) failWith(args, 'ESTALE', 'read')
      else real()
    })
    assert.deepEqual(await driver.read(path), content)
  })

  it('lets exactly one writer win on a file system without hard links', async () => {
    replace('link', (args) => failWith(args, 'EPERM', 'link'))
    const racers = Array.from({ length: 8 }, (_, racer) => racer)
    const won = await Promise.all(
      racers.map((racer) => driver.write(path, Buffer.from(`${racer}`), { ifAbsent: true })),
    )
    assert.equal(won.filter(Boolean).length, 1)
    assert.equal((await driver.read(path))?.toString(), String(won.indexOf(true)))
    assert.deepEqual(files(), ['a/b/link'])
  })

  it('gives up on a folder that is removed again and again', async () => {
    replace('rename', (args) => failWith(args, 'ENOENT', 'rename'))
    await assert.rejects(driver.write(path, content), { code: 'STORAGE_UNAVAILABLE' })
    assert.deepEqual(files(), [])
  })
})

describe('listings', () => {
  const folder = storagePath('l')
  const list = (): Promise<readonly string[]> => collect(driver.list(folder))
  /** Makes the folder's changes that long ago, in whole seconds, as a file system does that counts in them. */
  const age = (seconds: number): void => {
    const time = new Date(Math.floor(Date.now() / 1_000 - seconds) * 1_000)
    const original = fs.stat as (path: string, done: (error: unknown, info: fs.Stats) => void) => void
    mock.method(fs, 'stat', ((target: string, done: (error: unknown, info: fs.Stats) => void) =>
      original(target, (error, info) => {
        done(error, Object.assign(info, { mtimeMs: time.getTime(), ctimeMs: time.getTime() }))
      })) as never)
  }
  const countReads = (): { readonly count: number } => {
    const reads = { count: 0 }
    replace('readdir', (_, real) => {
      reads.count++
      real()
    })
    return reads
  }
  const add = (name: string): void => fs.writeFileSync(join(root, folder, name), '')
  beforeEach(() => {
    fs.mkdirSync(join(root, folder))
    add('one')
  })

  it('read a folder once while it is quiet, however many pages are asked for', async () => {
    age(3)
    const reads = countReads()
    for (let page = 0; page < 5; page++) assert.deepEqual(await list(), ['one'])
    assert.equal(reads.count, 1)
  })

  it('read it afresh after a change', async () => {
    age(10)
    assert.deepEqual(await list(), ['one'])
    add('two')
    mock.restoreAll()
    age(5)
    assert.deepEqual(await list(), ['one', 'two'])
  })

  it('read it afresh each time while its last change is younger than two seconds, for another may look the same', async () => {
    age(0)
    const reads = countReads()
    assert.deepEqual(await list(), ['one'])
    add('two')
    assert.deepEqual(await list(), ['one', 'two'])
    assert.equal(reads.count, 2)
  })

  it('are sorted whatever order the file system has', async () => {
    for (const name of ['two', 'three', 'Four']) add(name)
    const original = fs.readdir as (...args: Arguments) => void
    mock.method(fs, 'readdir', ((path: string, encoding: string, done: (...result: Arguments) => void) =>
      original(path, encoding, (error: unknown, names: string[]) =>
        done(error, names.toReversed()),
      )) as never)
    assert.deepEqual(await list(), ['Four', 'one', 'three', 'two'])
  })
})
