import assert from 'node:assert/strict'
import { it } from 'node:test'
import { storagePath } from '../driver.ts'
import { collect, type DriverUnderTest } from './support.ts'

export function describeSmallObjects(current: () => DriverUnderTest): void {
  it('answers absence as a value', async () => {
    const { driver } = current()
    await driver.write(storagePath('a/file'), Buffer.from('x'))
    for (const absent of ['absent', 'a/absent', 'a/file/below', 'x/y/z'].map(storagePath)) {
      assert.equal(await driver.stat(absent), undefined)
      assert.equal(await driver.read(absent), undefined)
      assert.equal(await driver.open(absent), undefined)
      assert.equal(await driver.delete(absent), false)
      assert.equal(await driver.move(absent, storagePath('elsewhere/file')), false)
      assert.deepEqual(await collect(driver.list(absent)), [])
      await driver.deleteTree(absent)
    }
    assert.deepEqual(await current().folders(), ['a'])
  })

  it('reads no folder as an object', async () => {
    const { driver } = current()
    await driver.write(storagePath('a/b/file'), Buffer.from('x'))
    const folder = storagePath('a/b')
    assert.equal(await driver.read(folder), undefined)
    assert.equal(await driver.open(folder), undefined)
    assert.equal(await driver.delete(folder), false)
    assert.deepEqual(await driver.read(storagePath('a/b/file')), Buffer.from('x'))
  })

  it('reads what was written, of any size, and replaces it whole', async () => {
    const { driver } = current()
    const path = storagePath('a/b/link')
    for (const size of [0, 1, 71, 4_096, 16_383, 16_384, 16_385, 65_536, 100_000, 3_000_000, 5]) {
      const content = Buffer.alloc(size, `${size},`)
      assert.equal(await driver.write(path, content), true)
      assert.deepEqual(await driver.read(path), content)
      assert.equal((await driver.stat(path))?.size, size)
    }
    assert.deepEqual(await current().objects(), ['a/b/link'])
  })

  it('writes without durability just the same', async () => {
    const { driver } = current()
    const path = storagePath('a/startedat')
    assert.equal(await driver.write(path, Buffer.from('now'), { durable: false }), true)
    assert.deepEqual(await driver.read(path), Buffer.from('now'))
  })

  it('keeps its own copy of what it stores and gives away', async () => {
    const { driver } = current()
    const path = storagePath('a/link')
    const content = Buffer.from('before')
    await driver.write(path, content)
    content.fill('x')
    const first = await driver.read(path)
    assert.deepEqual(first, Buffer.from('before'))
    await driver.write(storagePath('a/other'), Buffer.from('others'))
    await driver.read(storagePath('a/other'))
    assert.deepEqual(first, Buffer.from('before'), 'a later read must not show in an earlier one')
    first?.fill('y')
    assert.deepEqual(await driver.read(path), Buffer.from('before'))
  })

  it('publishes several objects, in the order given, beside what is there already', async () => {
    const { driver } = current()
    const [there, first, second] = [storagePath('a/there'), storagePath('b/c/first'), storagePath('b/second')]
    await driver.write(there, Buffer.from('there'), { durable: false })
    await driver.write(second, Buffer.from('before'))
    await driver.publish([
      { path: there },
      { path: first, content: Buffer.from('1') },
      { path: second, content: Buffer.from('2') },
      { path: storagePath('absent') },
    ])
    assert.equal((await driver.read(there))?.toString(), 'there')
    assert.equal((await driver.read(first))?.toString(), '1')
    assert.equal((await driver.read(second))?.toString(), '2')
    assert.deepEqual([...(await current().objects())].toSorted(), ['a/there', 'b/c/first', 'b/second'])
  })

  it('publishes nothing', async () => {
    await current().driver.publish([])
  })

  it('takes what is larger than the limit for absent', async () => {
    const { driver } = current()
    const path = storagePath('a/manifest')
    for (const size of [100, 50_000]) {
      await driver.write(path, Buffer.alloc(size))
      assert.equal((await driver.read(path, size))?.length, size)
      assert.equal(await driver.read(path, size - 1), undefined)
    }
  })

  it('leaves an object as it is when asked to write only if absent', async () => {
    const { driver } = current()
    const path = storagePath('a/link')
    assert.equal(await driver.write(path, Buffer.from('first'), { ifAbsent: true }), true)
    assert.equal(await driver.write(path, Buffer.from('second'), { ifAbsent: true }), false)
    assert.deepEqual(await driver.read(path), Buffer.from('first'))
    assert.deepEqual(await current().objects(), ['a/link'])
  })

  it('takes an object for absent that its bytes say is nothing, when asked to write only if absent', async () => {
    const { driver } = current()
    const path = storagePath('a/link')
    const told: string[] = []
    const isNothing = (found: Buffer): boolean => {
      told.push(found.toString())
      found.fill('x')
      return told.at(-1) === 'left'
    }
    const write = (content: string): Promise<boolean> =>
      driver.write(path, Buffer.from(content), { ifAbsent: true, isNothing })
    assert.equal(await write('left'), true)
    assert.deepEqual(told, [])
    assert.equal(await write('first'), true)
    assert.deepEqual([...new Set(told)], ['left'])
    assert.equal((await driver.read(path))?.toString(), 'first')
    assert.equal(await write('second'), false)
    assert.equal(told.at(-1), 'first')
    assert.equal((await driver.read(path))?.toString(), 'first')
    assert.deepEqual(await current().objects(), ['a/link'])
  })

  it('tells the size, the time and the kind of what lies at a path', async () => {
    const { driver } = current()
    const before = Date.now()
    await driver.write(storagePath('a/b'), Buffer.from('four'))
    const file = await driver.stat(storagePath('a/b'))
    assert.equal(file?.size, 4)
    assert.equal(file.isFolder, false)
    assert.ok(Math.abs(file.modified.getTime() - before) < 60_000)
    const folder = await driver.stat(storagePath('a'))
    assert.equal(folder?.size, 0)
    assert.equal(folder.isFolder, true)
  })
}
