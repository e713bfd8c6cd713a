import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { collect } from '../contract/support.ts'
import { storagePath } from '../driver.ts'
import { FilesystemDriver } from './driver.ts'
import { type Arguments, replace } from './faults.ts'

let root: string
let driver: FilesystemDriver
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'berth-listings-'))
  driver = new FilesystemDriver({ rootDirectory: root })
})
afterEach(() => {
  mock.restoreAll()
  fs.rmSync(root, { recursive: true })
})

/** Makes the folder's changes that long ago, in whole seconds, as a file system does that counts in them. */
function age(seconds: number): void {
  const time = new Date(Math.floor(Date.now() / 1_000 - seconds) * 1_000)
  const original = fs.stat as (path: string, done: (error: unknown, info: fs.Stats) => void) => void
  mock.method(fs, 'stat', ((target: string, done: (error: unknown, info: fs.Stats) => void) =>
    original(target, (error, info) => {
      done(error, Object.assign(info, { mtimeMs: time.getTime(), ctimeMs: time.getTime() }))
    })) as never)
}

function countReads(): { readonly count: number } {
  const reads = { count: 0 }
  replace('readdir', (_, real) => {
    reads.count++
    real()
  })
  return reads
}

describe('listings', () => {
  const folder = storagePath('l')
  /** Without those that only make the folder large. */
  const list = async (): Promise<readonly string[]> =>
    (await collect(driver.list(folder))).filter((name) => !name.startsWith('other-'))
  const add = (name: string): void => fs.writeFileSync(join(root, folder, name), '')
  beforeEach(() => {
    fs.mkdirSync(join(root, folder))
    for (let other = 0; other < 500; other++) add(`other-${other}`)
    add('one')
  })

  it('read a large folder no more while it is quiet, however many pages are asked for', async () => {
    age(3)
    const reads = countReads()
    for (let page = 0; page < 5; page++) assert.deepEqual(await list(), ['one'])
    // Once to see that it is large, once to keep it.
    assert.equal(reads.count, 2)
  })

  it('read a small folder each time', async () => {
    age(3)
    fs.mkdirSync(join(root, 'small'))
    const reads = countReads()
    for (let page = 0; page < 3; page++) await collect(driver.list(storagePath('small')))
    assert.equal(reads.count, 3)
  })

  it('read it afresh after a change', async () => {
    age(10)
    assert.deepEqual(await list(), ['one'])
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
    assert.deepEqual(await list(), ['one'])
    add('two')
    assert.deepEqual(await list(), ['one', 'two'])
    assert.equal(reads.count, 3)
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
