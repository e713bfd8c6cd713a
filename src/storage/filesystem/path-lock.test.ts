import assert from 'node:assert/strict'
import { unlinkSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { newGate } from '../../../test/http/gate.ts'
import { storagePath } from '../driver.ts'
import { FilesystemDriver } from './driver.ts'
import { failWith, replace } from './faults.ts'
import { Folders } from './folders.ts'
import { exclusively } from './path-lock.ts'
import { TemporaryFiles, type TemporaryFile } from './temporary.ts'

let root: string
let file: TemporaryFile
let folder: string
beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'berth-lock-'))
  folder = join(root, '_berth/tmp')
  file = await new TemporaryFiles(root, new Folders(root)).create()
})
afterEach(async () => {
  mock.restoreAll()
  await file.close()
  await fs.rm(root, { recursive: true })
})

const target = (): string => join(root, 'a/link')

const isNothing = (found: Buffer): boolean => found.length === 0

async function locks(): Promise<string[]> {
  return (await fs.readdir(folder)).filter((name) => name.startsWith('lock-'))
}

async function age(path: string, milliseconds: number): Promise<void> {
  const then = new Date(Date.now() - milliseconds)
  await fs.utimes(path, then, then)
}

describe('a lock on a path', () => {
  it('lets one work at a time, and leaves nothing', async () => {
    let inside = 0
    const results = await Promise.all(
      Array.from({ length: 10 }, async (_, index) =>
        exclusively(target(), file, async () => {
          assert.equal(++inside, 1)
          await new Promise((resolve) => setTimeout(resolve, 2))
          inside--
          return index
        }),
      ),
    )
    assert.deepEqual(results, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.deepEqual(await locks(), [])
  })

  it('is let go of when the work fails', async () => {
    const failure = new Error('failed')
    await assert.rejects(
      exclusively(target(), file, () => Promise.reject(failure)),
      failure,
    )
    assert.deepEqual(await locks(), [])
  })

  it('is another one for another path, and the same wherever the root is mounted', async () => {
    const names: string[][] = []
    await exclusively(target(), file, () =>
      exclusively(join(root, 'b/link'), file, async () => void names.push(await locks())),
    )
    assert.equal(names[0]?.length, 2)
    const elsewhere = `${root}-elsewhere`
    await fs.symlink(root, elsewhere)
    try {
      const there = await new TemporaryFiles(elsewhere, new Folders(elsewhere)).create()
      await exclusively(target(), file, async () => names.push(await locks()))
      await exclusively(join(elsewhere, 'a/link'), there, async () => names.push(await locks()))
      await there.close()
    } finally {
      await fs.unlink(elsewhere)
    }
    assert.equal(names[1]?.length, 1)
    assert.deepEqual(names[1], names[2])
  })

  it('of a process that died is broken after a minute, by one of those who come', async () => {
    let lock = ''
    await exclusively(target(), file, async () => {
      lock = join(folder, (await locks())[0] ?? '')
    })
    await fs.writeFile(lock, '')
    await assert.rejects(
      exclusively(target(), file, async () => undefined),
      { code: 'STORAGE_UNAVAILABLE' },
    )
    let inside = 0
    for (let round = 0; round < 20; round++) {
      await fs.writeFile(lock, '')
      await age(lock, 120_000)
      await Promise.all(
        [0, 1, 2].map(() =>
          exclusively(target(), file, async () => {
            assert.equal(++inside, 1)
            await new Promise((resolve) => setTimeout(resolve, 1))
            inside--
          }),
        ),
      )
      assert.deepEqual(await locks(), [])
    }
  })

  it('is broken also when somebody died while he broke it', async () => {
    let lock = ''
    await exclusively(target(), file, async () => {
      lock = join(folder, (await locks())[0] ?? '')
    })
    for (const path of [lock, `${lock}-breaking`]) {
      await fs.writeFile(path, '')
      await age(path, 120_000)
    }
    assert.equal(await exclusively(target(), file, async () => 'done'), 'done')
    assert.deepEqual(await locks(), [])
  })

  it('is left alone while somebody breaks it', async () => {
    let lock = ''
    await exclusively(target(), file, async () => {
      lock = join(folder, (await locks())[0] ?? '')
    })
    await fs.writeFile(lock, '')
    await age(lock, 120_000)
    await fs.writeFile(`${lock}-breaking`, '')
    await assert.rejects(
      exclusively(target(), file, async () => undefined),
      { code: 'STORAGE_UNAVAILABLE' },
    )
    assert.equal((await locks()).length, 2)
  })

  it('is let go of by its holder alone, not by one who was taken for dead', async () => {
    const first = newGate()
    const second = newGate()
    const slow = exclusively(target(), file, () => first.opened)
    while ((await locks()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const lock = join(folder, (await locks())[0] ?? '')
    await age(lock, 120_000)
    const begun = newGate()
    const next = exclusively(target(), file, async () => {
      begun.open()
      await second.opened
    })
    await begun.opened
    first.open()
    await slow
    assert.deepEqual(await locks(), [basename(lock)], 'that of the next one')
    second.open()
    await next
    assert.deepEqual(await locks(), [])
  })

  it('that cannot be written is none', async () => {
    replace('writev', (args) => failWith(args, 'ENOSPC', 'write'))
    await assert.rejects(
      exclusively(target(), file, async () => assert.fail('works without a lock')),
      { code: 'ENOSPC' },
    )
    assert.deepEqual(await locks(), [])
  })

  it('is not broken when somebody else broke the old one in the same moment and made it anew', async () => {
    let lock = ''
    await exclusively(target(), file, async () => {
      lock = join(folder, (await locks())[0] ?? '')
    })
    await fs.writeFile(lock, '')
    await age(lock, 120_000)
    replace('open', (args, real) => {
      if (args[0] === `${lock}-breaking`) {
        unlinkSync(lock)
        writeFileSync(lock, '')
      }
      real()
    })
    await assert.rejects(
      exclusively(target(), file, async () => assert.fail('two hold it')),
      { code: 'STORAGE_UNAVAILABLE' },
    )
    assert.deepEqual(await locks(), [basename(lock)])
  })

  it('is not taken for a write that finds its place free, or taken', async () => {
    const driver = new FilesystemDriver({ rootDirectory: root })
    const path = storagePath('a/link')
    await driver.write(path, Buffer.alloc(0))
    await exclusively(target(), file, async () => {
      const blocked = driver.write(path, Buffer.from('x'), { ifAbsent: true, isNothing })
      await assert.rejects(blocked, { code: 'STORAGE_UNAVAILABLE' })
      await driver.delete(path)
      for (const isWritten of [true, false])
        assert.equal(await driver.write(path, Buffer.from('x'), { ifAbsent: true, isNothing }), isWritten)
    })
    assert.deepEqual(await locks(), [])
  })
})
