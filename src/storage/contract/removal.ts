import assert from 'node:assert/strict'
import { it } from 'node:test'
import { storagePath } from '../driver.ts'
import type { DriverUnderTest } from './support.ts'

export function describeMoves(current: () => DriverUnderTest): void {
  it('moves an object, replacing what is at the target', async () => {
    const { driver } = current()
    const from = storagePath('uploads/id/parts/one')
    const to = storagePath('blobs/sha256/aa/data')
    for (const content of [Buffer.from('first'), Buffer.from('second')]) {
      await driver.write(from, content)
      assert.equal(await driver.move(from, to), true)
      assert.equal(await driver.read(from), undefined)
      assert.deepEqual(await driver.read(to), content)
    }
    assert.equal(await driver.move(from, to), false)
    assert.deepEqual(await driver.read(to), Buffer.from('second'))
    assert.deepEqual(await current().objects(), ['blobs/sha256/aa/data'])
  })

  it('moves an object whose source may stay, and whose size is told', async () => {
    const { driver } = current()
    const [from, to] = [storagePath('uploads/id/part'), storagePath('blobs/sha256/aa/data')]
    await driver.write(from, Buffer.from('bytes'))
    assert.equal(await driver.move(from, to, { keepSource: true, size: 5 }), true)
    assert.equal((await driver.read(to))?.toString(), 'bytes')
    await driver.deleteTree(storagePath('uploads/id'), { entries: ['part', 'gone'] })
    assert.deepEqual(await current().objects(), ['blobs/sha256/aa/data'])
    assert.equal(await driver.move(from, to, { keepSource: true, size: 5 }), false)
    assert.notEqual((await driver.stat(storagePath('blobs'), { folders: false }))?.isFolder, false)
    assert.equal((await driver.stat(to, { folders: false }))?.size, 5)
  })

  it('moves an object onto itself without losing it', async () => {
    const { driver } = current()
    const path = storagePath('a/file')
    await driver.write(path, Buffer.from('x'))
    assert.equal(await driver.move(path, path), true)
    assert.deepEqual(await driver.read(path), Buffer.from('x'))
  })
}

export function describeRemoval(current: () => DriverUnderTest): void {
  it('removes an object with the folders that this leaves empty, and no others', async () => {
    const { driver } = current()
    for (const path of ['r/a/one/link', 'r/a/two/link', 'r/b/deep/er/link'])
      await driver.write(storagePath(path), Buffer.from('x'))
    assert.equal(await driver.delete(storagePath('r/a/one/link')), true)
    assert.equal(await driver.delete(storagePath('r/a/one/link')), false)
    assert.deepEqual(await current().folders(), ['r', 'r/a', 'r/a/two', 'r/b', 'r/b/deep', 'r/b/deep/er'])
    assert.equal(await driver.delete(storagePath('r/b/deep/er/link')), true)
    assert.deepEqual(await current().folders(), ['r', 'r/a', 'r/a/two'])
    assert.deepEqual(await current().objects(), ['r/a/two/link'])
    assert.equal(await driver.delete(storagePath('r/a/two/link')), true)
    assert.deepEqual(await current().folders(), [])
    assert.equal(await driver.write(storagePath('r/again'), Buffer.from('x')), true)
  })

  it('removes a tree, and nothing whose name only begins alike', async () => {
    const { driver } = current()
    for (const path of [
      'r/up/id/parts/1',
      'r/up/id/parts/2',
      'r/up/id/startedat',
      'r/up/id2/startedat',
      'r/up/id-3',
    ])
      await driver.write(storagePath(path), Buffer.from('x'))
    await driver.deleteTree(storagePath('r/up/id'))
    assert.deepEqual(await current().objects(), ['r/up/id-3', 'r/up/id2/startedat'])
    await driver.deleteTree(storagePath('r/up/id2'))
    await driver.deleteTree(storagePath('r/up/id-3'))
    assert.deepEqual(await current().objects(), [])
    assert.deepEqual(await current().folders(), [])
  })
}
