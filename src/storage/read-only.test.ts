import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { take } from '../util/iterables.ts'
import { storagePath, type StorageDriver } from './driver.ts'
import { MemoryDriver } from './memory/driver.ts'
import { readOnlyDriver } from './read-only.ts'

const path = storagePath('a/b')
const other = storagePath('a/c')
const content = Buffer.from('bytes')

async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
  yield content
}

/** All that a driver can do, so that a method added later is thought of. */
const writes: { readonly [Method in keyof StorageDriver]?: (driver: StorageDriver) => Promise<unknown> } = {
  write: (driver) => driver.write(path, Buffer.from('other')),
  publish: (driver) => driver.publish([{ path: other, content }, { path }]),
  create: (driver) => driver.create(other, bytes()),
  move: (driver) => driver.move(path, other),
  delete: (driver) => driver.delete(path),
  deleteTree: (driver) => driver.deleteTree(storagePath('a')),
}
const reads: readonly string[] = ['close', 'list', 'open', 'read', 'removeLeftovers', 'stat']

describe('a read-only store', () => {
  it('fails whatever writes, and stays as it is', async () => {
    const inner = new MemoryDriver()
    await inner.write(path, content)
    const driver = readOnlyDriver(inner)
    for (const [method, call] of Object.entries(writes)) {
      await assert.rejects(call(driver), { code: 'STORAGE_UNAVAILABLE' }, method)
      assert.deepEqual(await inner.read(path), content, method)
      assert.equal(await inner.stat(other), undefined, method)
    }
    assert.equal(await driver.removeLeftovers(0), 0)
  })

  it('reads as the store does', async () => {
    const inner = new MemoryDriver()
    await inner.write(path, content)
    const driver = readOnlyDriver(inner)
    assert.equal(driver.name, inner.name)
    assert.equal((await driver.stat(path))?.size, 5)
    assert.deepEqual(await driver.read(path), content)
    assert.equal(await driver.read(path, 4), undefined, 'within the limit')
    const object = await driver.open(path, { start: 1, end: 2 })
    assert.ok(object)
    assert.equal(Buffer.concat(await take(object, Infinity)).toString(), 'yt')
    await inner.write(other, content)
    assert.deepEqual(await take(driver.list(storagePath('a')), 10), ['b', 'c'])
    assert.deepEqual(await take(driver.list(storagePath('a'), 'b'), 10), ['c'])
    await driver.close()
  })

  it('has no method that is neither', () => {
    const methods = Object.keys(readOnlyDriver(new MemoryDriver())).filter((key) => key !== 'name')
    assert.deepEqual(methods.toSorted(), [...Object.keys(writes), ...reads].toSorted())
  })
})
