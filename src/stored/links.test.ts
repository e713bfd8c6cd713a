import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, type Digest } from '../registry/digest.ts'
import { storagePath } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { Links } from './links.ts'

const digest = digestOf(Buffer.from('x'))
const other = digestOf(Buffer.from('y'), 'sha512')
const path = storagePath('repositories/a/link')

class CountingDriver extends MemoryDriver {
  writes = 0

  override async write(...args: Parameters<MemoryDriver['write']>): Promise<boolean> {
    const isWritten = await super.write(...args)
    if (isWritten) this.writes++
    return isWritten
  }
}

function ignore(): void {}

function setUp(): {
  driver: CountingDriver
  links: Links
  context: { log: Record<'debug' | 'info' | 'warn' | 'error', (fields: object) => void> }
  warnings: object[]
  write: (digest: Digest) => Promise<void>
} {
  const driver = new CountingDriver()
  const warnings: object[] = []
  const log = { debug: ignore, info: ignore, warn: (fields: object) => warnings.push(fields), error: ignore }
  const links = new Links(driver)
  const context = { log }
  const write = async (each: Digest): Promise<void> =>
    await driver.publish([await links.publication(context, path, each)])
  return { driver, links, context, warnings, write }
}

void test('a link holds the digest and not one byte more', async () => {
  const { driver, links, context, write } = setUp()
  for (const each of [digest, other]) {
    await write(each)
    assert.equal((await driver.read(path))?.toString('latin1'), each)
    assert.equal(await links.read(context, path), each)
  }
})

void test('a link that is right is not written again', async () => {
  const { driver, write } = setUp()
  await write(digest)
  await write(digest)
  assert.equal(driver.writes, 1)
})

void test('an absent link is nothing to warn of', async () => {
  const { links, context, warnings } = setUp()
  assert.equal(await links.read(context, path), undefined)
  assert.deepEqual(warnings, [])
})

for (const damaged of [
  '',
  '\n',
  `${digest}\n`,
  ` ${digest}`,
  digest.slice(0, 40),
  digest + digest,
  digest.toUpperCase(),
  'md5:d41d8cd98f00b204e9800998ecf8427e',
  '\0'.repeat(71),
  'x'.repeat(5000),
]) {
  void test(`damaged: ${JSON.stringify(damaged).slice(0, 50)}`, async () => {
    const { driver, links, context, warnings, write } = setUp()
    await driver.write(path, Buffer.from(damaged, 'latin1'))
    assert.equal(await links.read(context, path), undefined)
    // One beyond the limit is absent for the driver already.
    assert.equal(warnings.length, damaged.length > 4096 ? 0 : 1)
    await write(digest)
    assert.equal(await links.read(context, path), digest)
    assert.equal((await driver.read(path))?.toString('latin1'), digest)

    await driver.write(path, Buffer.from(damaged, 'latin1'))
    assert.equal(await links.claim(path, other), other)
    assert.equal(await links.read(context, path), other)
  })
}

void test('a link that is claimed is his who came first', async () => {
  const { driver, links } = setUp()
  assert.equal(await links.claim(path, digest), digest)
  assert.equal(await links.claim(path, other), digest)
  assert.equal(await links.claim(path, digest), digest)
  assert.equal(driver.writes, 1)
})
