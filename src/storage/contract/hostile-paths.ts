import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RegistryError } from '../../registry/errors.ts'
import { type StoragePath, storagePath } from '../driver.ts'
import { collect, type DriverUnderTest } from './support.ts'

const hostile: readonly string[] = [
  '',
  '.',
  '..',
  '../x',
  'a/..',
  'a/../b',
  'a/./b',
  '/abs',
  'a/',
  'a//b',
  'a\0b',
  'a\\b',
  '..\\x',
  'a b',
  'a\n',
  'ä',
  'a/\u{1f4a9}',
  'a:b',
  '%2e%2e/x',
  `a/${'b'.repeat(256)}`,
  `${'a/'.repeat(512)}a`,
]

export function describeHostilePaths(current: () => DriverUnderTest): void {
  it('accepts what the layout needs', () => {
    for (const path of ['a', '...', '.a', 'a..', '_uploads', `a/${'b'.repeat(255)}`, `${'a/'.repeat(511)}a`])
      assert.equal(storagePath(path), path)
  })

  it('accepts no hostile path, not even a forged one', async () => {
    const { driver } = current()
    const good = storagePath('good')
    await driver.write(good, Buffer.from('x'))
    for (const text of hostile) {
      assert.throws(() => storagePath(text), TypeError, JSON.stringify(text))
      const forged = text as StoragePath
      const calls: readonly (() => Promise<unknown>)[] = [
        () => driver.stat(forged),
        () => driver.read(forged),
        () => driver.write(forged, Buffer.from('x')),
        () => driver.open(forged),
        () => driver.create(forged, none()),
        () => driver.move(forged, storagePath('b')),
        () => driver.move(good, forged),
        () => driver.delete(forged),
        () => driver.deleteTree(forged),
        () => collect(driver.list(forged)),
      ]
      for (const call of calls)
        await assert.rejects(call, TypeError, `${String(call)} ${JSON.stringify(text)}`)
    }
    assert.deepEqual(await current().objects(), ['good'])
  })

  it('reports an object in the place of a folder as a failure, not as a bug', async () => {
    const { driver } = current()
    await driver.write(storagePath('a'), Buffer.from('x'))
    const write = driver.write(storagePath('a/b'), Buffer.from('y')).catch((error: unknown) => error)
    const outcome = await write
    // Object stores know no folders and take it.
    if (outcome !== true)
      assert.ok(outcome instanceof RegistryError && outcome.code === 'STORAGE_UNAVAILABLE')
    assert.deepEqual(await driver.read(storagePath('a')), Buffer.from('x'))
  })
}

async function* none(): AsyncGenerator<Uint8Array, void, undefined> {
  // An empty object.
}
