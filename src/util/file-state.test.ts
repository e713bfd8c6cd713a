import assert from 'node:assert/strict'
import { copyFile, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { isUnchanged, stateOfFiles, type FileState } from './file-state.ts'

const folder = temporaryFolder()
after(() => folder.remove())
let place: string
let count = 0
beforeEach(async () => {
  place = join(folder.path, `place-${count++}`)
  await mkdir(place)
})

const at = (name: string): string => join(place, name)

/** @param age seconds since the last change */
async function stateAfter(age: number): Promise<FileState> {
  return await stateOfFiles([at('crt'), at('key'), at('ca')], Date.now() + age * 1000)
}

async function writeAll(): Promise<void> {
  for (const name of ['crt', 'key', 'ca']) await writeFile(at(name), name)
}

describe('the state of files', () => {
  it('stays while they do', async () => {
    await writeAll()
    const [first, second] = [await stateAfter(10), await stateAfter(20)]
    assert.ok(isUnchanged(first, second))
    assert.equal(first.summary, second.summary)
  })

  it('is not to be trusted when one of them was written just now', async () => {
    await writeAll()
    const young = await stateAfter(0)
    assert.equal(young.isSettled, false)
    assert.equal(isUnchanged(young, await stateAfter(10)), false)
    assert.equal((await stateAfter(3)).isSettled, true)
    assert.equal((await stateAfter(-60)).isSettled, true, 'a clock that is ahead')
  })

  const changes: Readonly<Record<string, () => Promise<void>>> = {
    'is written': () => writeFile(at('ca'), 'longer than before'),
    'is cut': () => truncate(at('key'), 1),
    'is removed': () => rm(at('key')),
    'is replaced by one of the same size and times': async () => {
      await writeFile(at('new'), 'CRT')
      for (const name of ['crt', 'new']) await utimes(at(name), 1000, 1000)
      await rename(at('new'), at('crt'))
    },
  }
  for (const [name, change] of Object.entries(changes)) {
    it(`differs when one of them ${name}`, async () => {
      await writeAll()
      const before = await stateAfter(10)
      await change()
      assert.equal(isUnchanged(before, await stateAfter(10)), false)
    })
  }

  it('differs when a link on the way leads elsewhere', async () => {
    for (const name of ['one', 'two']) {
      await mkdir(at(name))
      for (const file of ['crt', 'key', 'ca']) await writeFile(join(at(name), file), 'same')
    }
    await symlink('one', at('data'))
    for (const file of ['crt', 'key', 'ca']) await symlink(`data/${file}`, at(file))
    const before = await stateAfter(10)
    await symlink('two', at('next'))
    await rename(at('next'), at('data'))
    assert.equal(isUnchanged(before, await stateAfter(10)), false)
  })

  it('differs when a missing one comes', async () => {
    await writeAll()
    await rename(at('key'), at('elsewhere'))
    const before = await stateAfter(10)
    assert.ok(isUnchanged(before, await stateAfter(10)))
    await copyFile(at('elsewhere'), at('key'))
    assert.equal(isUnchanged(before, await stateAfter(10)), false)
  })
})
