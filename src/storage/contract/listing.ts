import assert from 'node:assert/strict'
import { it } from 'node:test'
import { storagePath } from '../driver.ts'
import { collect, type DriverUnderTest, roundsOf } from './support.ts'

export function describeListing(current: () => DriverUnderTest): void {
  it('lists the names right below a folder, in byte order', async () => {
    const { driver } = current()
    const names = ['-', '.a', '0', '10', '9', 'A', 'Z', '_', 'a', 'a-b', 'a.b', 'a0', 'aa', 'b', 'z']
    for (const name of names.toReversed())
      await driver.write(storagePath(`f/${name}/deep/link`), Buffer.from('x'), { durable: false })
    await driver.write(storagePath('f/a1'), Buffer.from('x'))
    names.splice(names.indexOf('a0') + 1, 0, 'a1')
    assert.deepEqual(await collect(driver.list(storagePath('f'))), names)
    assert.deepEqual(await collect(driver.list(storagePath('f/a'))), ['deep'])
    assert.deepEqual(await collect(driver.list(storagePath('f/a1'))), [])
  })

  it('begins after a name, be it there or not', async () => {
    const { driver } = current()
    for (const name of ['b', 'd', 'f']) await driver.write(storagePath(`l/${name}`), Buffer.from('x'))
    const after = (name: string): Promise<string[]> => collect(driver.list(storagePath('l'), name))
    assert.deepEqual(await after('d'), ['f'])
    assert.deepEqual(await after('c'), ['d', 'f'])
    assert.deepEqual(await after('a'), ['b', 'd', 'f'])
    assert.deepEqual(await after(''), ['b', 'd', 'f'])
    assert.deepEqual(await after('b'), ['d', 'f'])
    assert.deepEqual(await after('f'), [])
    assert.deepEqual(await after('g'), [])
    assert.deepEqual(await after('b/x'), ['d', 'f'])
  })

  it('shows each change at once', async () => {
    const { driver } = current()
    const list = (): Promise<string[]> => collect(driver.list(storagePath('l')))
    await driver.write(storagePath('l/a'), Buffer.from('x'))
    for (let index = 0; index < roundsOf(current(), 50); index++) {
      const path = storagePath(`l/${index}`)
      await driver.write(path, Buffer.from('x'), { durable: false })
      assert.deepEqual(await list(), [String(index), 'a'])
      await driver.delete(path)
      assert.deepEqual(await list(), ['a'])
    }
    await driver.delete(storagePath('l/a'))
    assert.deepEqual(await list(), [])
  })

  it('lists a large folder in pages', async () => {
    const { driver } = current()
    const names = Array.from(
      { length: Math.max(roundsOf(current(), 5_000), 1_200) },
      (_, index) => `tag-${index}`,
    )
    const queue = names.values()
    const write = async (): Promise<void> => {
      for (const name of queue)
        await driver.write(storagePath(`l/${name}`), Buffer.alloc(0), { durable: false })
    }
    await Promise.all(Array.from({ length: 32 }, write))
    const listed: string[] = []
    for (let page: string[] = ['']; page.length > 0; listed.push(...page)) {
      const after = listed.at(-1)
      page = []
      for await (const name of driver.list(storagePath('l'), after)) if (page.push(name) === 700) break
    }
    assert.deepEqual(listed, names.toSorted())
  })
}
