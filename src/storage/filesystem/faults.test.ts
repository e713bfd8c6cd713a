import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { drain, pattern, source } from '../contract/support.ts'
import { storagePath } from '../driver.ts'
import { FilesystemDriver } from './driver.ts'
import { type Call, failWith, files, replace } from './faults.ts'

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

const path = storagePath('a/b/link')
const content = Buffer.from('content')

const isNothing = (found: Buffer): boolean => found.length === 0

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
      assert.deepEqual(files(root), [])
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
    assert.deepEqual(files(root), [])
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
    assert.deepEqual(files(root), [])
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
    await driver.create(path, source(pattern(4_000_000), 65_536))
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
    assert.equal(bytes, 2 * 1024 * 1024)
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
    assert.deepEqual(files(root), ['a/b/link'])
  })

  it('lets exactly one writer replace what is nothing on a file system without hard links', async () => {
    replace('link', (args) => failWith(args, 'EPERM', 'link'))
    for (const before of [0, 1]) {
      await driver.write(path, Buffer.alloc(before), { durable: false })
      const racers = Array.from({ length: 8 }, (_, racer) => racer)
      const won = await Promise.all(
        racers.map((racer) => driver.write(path, Buffer.from(`${racer}`), { ifAbsent: true, isNothing })),
      )
      assert.equal(won.filter(Boolean).length, 1 - before)
      if (before === 0) assert.equal((await driver.read(path))?.toString(), String(won.indexOf(true)))
      assert.deepEqual(files(root), ['a/b/link'])
    }
  })

  it('replaces nothing that was deleted and written anew meanwhile', async () => {
    await driver.write(path, Buffer.alloc(0), { durable: false })
    let looks = 0
    const vanishing = (found: Buffer): boolean => {
      // The third look is the one under the lock.
      if (++looks === 3) fs.unlinkSync(join(root, path))
      return isNothing(found)
    }
    for (const call of ['link', 'rename'] as const)
      replace(call, (args, real) => {
        if (looks === 3) fs.writeFileSync(join(root, path), 'of somebody else')
        real()
      })
    assert.equal(await driver.write(path, content, { ifAbsent: true, isNothing: vanishing }), false)
    assert.equal(looks, 4)
    assert.equal((await driver.read(path))?.toString(), 'of somebody else')
    assert.deepEqual(files(root), ['a/b/link'])
  })

  it('gives up on a folder that is removed again and again', async () => {
    replace('rename', (args) => failWith(args, 'ENOENT', 'rename'))
    await assert.rejects(driver.write(path, content), { code: 'STORAGE_UNAVAILABLE' })
    assert.deepEqual(files(root), [])
  })
})
