import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { collect, drain, type DriverUnderTest, pattern, source } from '../contract/support.ts'
import { describeDriver } from '../driver-contract.ts'
import { storagePath } from '../driver.ts'
import { FilesystemDriver } from './driver.ts'

const link = storagePath('a/b/link')

function temporaryRoot(): Promise<string> {
  return fs.mkdtemp(join(tmpdir(), 'berth-filesystem-'))
}

describeDriver('filesystem', async (): Promise<DriverUnderTest> => {
  const root = await temporaryRoot()
  const driver = new FilesystemDriver({ rootDirectory: root })
  return {
    driver,
    objects: () => tree(root, false),
    folders: async () =>
      (await tree(root, true)).filter((path) => path !== '_berth' && path !== '_berth/tmp'),
    dispose: async () => {
      await driver.close()
      await fs.rm(root, { recursive: true })
    },
  }
})

/** All files or all folders below `root`, sorted. */
async function tree(root: string, folders: boolean): Promise<readonly string[]> {
  const entries = await fs.readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() === folders)
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted()
}

describe('the filesystem driver, beyond the contract', () => {
  let root: string
  let driver: FilesystemDriver
  beforeEach(async () => {
    root = await temporaryRoot()
    driver = new FilesystemDriver({ rootDirectory: join(root, 'new/root') })
  })
  afterEach(async () => {
    await driver.close()
    await fs.rm(root, { recursive: true })
  })

  const file = (path: string): string => join(root, 'new/root', path)
  const mode = async (path: string): Promise<number> => (await fs.stat(file(path))).mode & 0o7777
  const openDescriptors = async (): Promise<readonly string[]> => {
    const names = await fs.readdir('/proc/self/fd')
    const targets = await Promise.all(
      names.map((name) => fs.readlink(`/proc/self/fd/${name}`).catch(() => '')),
    )
    return targets.filter((target) => target.startsWith(root))
  }

  it("gives files and folders Distribution's modes: what the umask leaves of 0666 and 0777", async () => {
    const umask = process.umask(0o027)
    try {
      await driver.write(link, Buffer.from('x'))
      await driver.write(storagePath('a/c/claim'), Buffer.from('x'), { ifAbsent: true })
      await driver.create(storagePath('a/d/data'), source(pattern(10), 5))
    } finally {
      process.umask(umask)
    }
    for (const path of ['a/b/link', 'a/c/claim', 'a/d/data']) assert.equal(await mode(path), 0o640)
    for (const path of ['', 'a', 'a/b', 'a/d', '_berth/tmp']) assert.equal(await mode(path), 0o750)
  })

  it('leaves one link to an object that was written only if absent', async () => {
    await driver.write(link, Buffer.from('x'), { ifAbsent: true })
    assert.equal((await fs.stat(file('a/b/link'))).nlink, 1)
  })

  it('never removes its root, however empty', async () => {
    await driver.write(link, Buffer.from('x'), { durable: false })
    assert.equal(await driver.delete(link), true)
    assert.deepEqual(await fs.readdir(file('')), [])
  })

  it('writes temporary files nowhere but in their own folder', async () => {
    async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let index = 0; index < 20; index++) yield pattern(64 * 1024)
      const files = await tree(root, false)
      assert.equal(files.length, 1)
      assert.match(files[0] ?? '', /^new\/root\/_berth\/tmp\/[^/]+$/)
    }
    await driver.create(link, watched())
    assert.deepEqual(await tree(root, false), ['new/root/a/b/link'])
  })

  it('removes temporary files that a dead process left, and not those that grow', async () => {
    assert.equal(await driver.removeLeftovers(0), 0)
    await driver.write(link, Buffer.from('x'))
    await fs.writeFile(file('_berth/tmp/old'), 'x')
    await fs.writeFile(file('_berth/tmp/young'), 'x')
    const yesterday = new Date(Date.now() - 86_400_000)
    await fs.utimes(file('_berth/tmp/old'), yesterday, yesterday)
    assert.equal(await driver.removeLeftovers(3_600_000), 1)
    assert.deepEqual(await fs.readdir(file('_berth/tmp')), ['young'])
  })

  it('ignores what lies outside the naming rule, and reads what was put there by hand', async () => {
    await fs.mkdir(file('a/b'), { recursive: true })
    await fs.writeFile(file('a/b/link'), 'by hand')
    await fs.writeFile(file('a/b/foreign name~'), '')
    await fs.writeFile(file('a/b/ä'), '')
    assert.deepEqual(await collect(driver.list(storagePath('a/b'))), ['link'])
    assert.deepEqual(await driver.read(link), Buffer.from('by hand'))
  })

  it('throws when an object ends before its size, instead of ending silently', async () => {
    const path = storagePath('a/data')
    await driver.create(path, source(pattern(2_000_000), 100_000))
    const object = await driver.open(path)
    assert.equal(object?.size, 2_000_000)
    await fs.truncate(file('a/data'), 1_000_000)
    await assert.rejects(drain(object), { code: 'STORAGE_UNAVAILABLE' })
    assert.deepEqual(await openDescriptors(), [])
  })

  it('closes every descriptor, and nothing that it did not open', async () => {
    await driver.create(link, source(pattern(1_000_000), 100_000))
    for (let round = 0; round < 20; round++) {
      const whole = await driver.open(link)
      await drain(whole)
      await whole?.close()
      await (await driver.open(link))?.close()
      const broken = await driver.open(link)
      assert.ok(broken !== undefined)
      for await (const chunk of broken) if (chunk.length > 0) break
      // Gets the number that is free now: a second close of it would close this file.
      const other = await fs.open(file(link), 'r')
      await broken.close()
      assert.equal((await other.stat()).size, 1_000_000)
      await other.close()
      await driver.read(link)
      await driver.open(storagePath('a/b'))
      await assert.rejects(driver.create(storagePath('a/failed'), source(pattern(10), 5, 1)))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual(await openDescriptors(), [])
  })

  it('reports a store that refuses, with the cause for the log and nothing for the client', async () => {
    await fs.writeFile(join(root, 'file'), '')
    const refused = new FilesystemDriver({ rootDirectory: join(root, 'file') })
    await assert.rejects(
      refused.write(link, Buffer.from('x')),
      (error: Error & { code?: string; detail?: unknown }) => {
        assert.equal(error.code, 'STORAGE_UNAVAILABLE')
        assert.equal(error.detail, undefined)
        assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOTDIR')
        assert.doesNotMatch(error.message, /berth-filesystem/)
        return true
      },
    )
    assert.equal(await refused.read(link), undefined)
  })

  it('reports an object where a folder should be, and a folder where an object should be', async () => {
    await driver.write(link, Buffer.from('x'))
    await assert.rejects(driver.write(storagePath('a/b/link/c'), Buffer.from('y')), {
      code: 'STORAGE_UNAVAILABLE',
    })
    await assert.rejects(driver.write(storagePath('a/b'), Buffer.from('y')), { code: 'STORAGE_UNAVAILABLE' })
    await assert.rejects(driver.create(storagePath('a/b'), source(pattern(3), 1)), {
      code: 'STORAGE_UNAVAILABLE',
    })
    assert.deepEqual(await tree(file(''), false), ['a/b/link'])
  })
})

describe('listings of a folder that changes', () => {
  let root: string
  let driver: FilesystemDriver
  beforeEach(async () => {
    root = await temporaryRoot()
    driver = new FilesystemDriver({ rootDirectory: root })
    await fs.mkdir(join(root, 'l'))
  })
  afterEach(async () => {
    await fs.rm(root, { recursive: true })
  })
  const list = (): Promise<readonly string[]> => collect(driver.list(storagePath('l')))

  it('shows what another process adds within the granularity of the time of change', async () => {
    for (let index = 0; index < 300; index++) {
      await fs.writeFile(join(root, 'l', `one-${index}`), '')
      const before = await list()
      await fs.writeFile(join(root, 'l', `two-${index}`), '')
      assert.equal((await list()).length, before.length + 1)
    }
  })
})

/** Why no small file system can be mounted here; where it has to be possible, not being root is a failure instead. */
const noMounts = process.getuid?.() === 0 || process.env['CI'] !== undefined ? false : 'mounting needs root'

describe('a store without room', { skip: noMounts }, () => {
  let root: string
  let driver: FilesystemDriver
  beforeEach(async () => {
    root = await temporaryRoot()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root])
    driver = new FilesystemDriver({ rootDirectory: root })
  })
  afterEach(async () => {
    execFileSync('umount', [root])
    await fs.rm(root, { recursive: true })
  })

  it('reports STORAGE_FULL, leaves no temporary file, and works again when there is room', async () => {
    await driver.create(storagePath('a/first'), source(pattern(600_000), 50_000))
    for (const full of [
      () => driver.create(storagePath('a/second'), source(pattern(3_000_000), 65_536)),
      () => driver.create(storagePath('a/second'), source(pattern(500_000), 65_536)),
      () => driver.write(storagePath('a/second'), pattern(500_000)),
      () => driver.write(storagePath('a/second'), pattern(500_000), { ifAbsent: true }),
    ])
      await assert.rejects(full, { code: 'STORAGE_FULL' })
    assert.deepEqual(await tree(root, false), ['a/first'])
    assert.ok((await drain(await driver.open(storagePath('a/first')))).equals(pattern(600_000)))

    assert.equal(await driver.delete(storagePath('a/first')), true)
    const content = pattern(500_000, 7)
    assert.equal(await driver.create(storagePath('a/second'), source(content, 65_536)), content.length)
    assert.ok((await drain(await driver.open(storagePath('a/second')))).equals(content))
  })

  it('stops pulling from its source soon after', async () => {
    let pulled = 0
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      for (;;) {
        pulled += 65_536
        yield Buffer.alloc(65_536)
      }
    }
    await assert.rejects(driver.create(storagePath('a/endless'), endless()), { code: 'STORAGE_FULL' })
    assert.ok(pulled < 4_000_000, `pulled ${pulled} bytes`)
  })

  it('reports STORAGE_UNAVAILABLE when it is read-only, and goes on reading', async () => {
    await driver.write(link, Buffer.from('x'))
    execFileSync('mount', ['-o', 'remount,ro', root])
    for (const refused of [
      () => driver.write(link, Buffer.from('y')),
      () => driver.create(link, source(pattern(10), 5)),
      () => driver.move(link, storagePath('a/moved')),
      () => driver.delete(link),
      () => driver.deleteTree(storagePath('a')),
    ])
      await assert.rejects(refused, { code: 'STORAGE_UNAVAILABLE' })
    assert.deepEqual(await driver.read(link), Buffer.from('x'))
    assert.deepEqual(await collect(driver.list(storagePath('a/b'))), ['link'])
    assert.equal(
      await driver.write(storagePath('a/absent'), Buffer.from('y')).catch(() => 'refused'),
      'refused',
    )
  })
})
