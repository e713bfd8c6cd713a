import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import type { AzureOptions } from '../../src/storage/azure/options.ts'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import type { TestContainer } from '../support/azurite.ts'

const mib = 1024 ** 2
const chunk = 64 * 1024
const block = mib

interface Counted {
  readonly driver: StorageDriver
  readonly root: string
  /** Requests so far, by their names. */
  readonly counts: () => Readonly<Record<string, number>>
}

/** What Azure does in blocks: uploads, concatenation, and what is left of them. */
export function describeLargeObjects(current: () => TestContainer): void {
  const open = async (change: Partial<AzureOptions> = {}): Promise<Counted> => {
    const counts: Record<string, number> = {}
    const options = current().options({
      chunkSize: block,
      onRequest: ({ operation }) => {
        counts[operation] = (counts[operation] ?? 0) + 1
      },
      ...change,
    })
    return {
      driver: await createAzureDriver(options),
      root: `${options.rootDirectory}/`,
      counts: () => counts,
    }
  }
  const path = storagePath('a/data')

  describe('large objects of azure', { concurrency: 3 }, () => {
    it('sends up to a chunk in one request, and more in blocks', async () => {
      const { driver, root, counts } = await open()
      let blocks = 0
      for (const size of [block - 1, block, block + 1, 2 * block, 2 * block + 1, 3 * block + 12_345]) {
        const content = pattern(size, size)
        // Where one is, the emulator, which fetches nothing by URL, is sent the bytes once more.
        await driver.delete(path)
        assert.equal(await driver.create(path, source(content, chunk)), size)
        if (size > block) blocks += Math.ceil(size / block)
        assert.equal(counts()['Put Block'] ?? 0, blocks, `${size} bytes`)
        assert.ok((await drain(await driver.open(path))).equals(content), `${size} bytes`)
      }
      assert.equal(counts()['Put Blob'], 2)
      assert.equal(counts()['Put Block List'], 4)
      assert.deepEqual(await current().names(root, true), [`${root}a/data`])
    })

    it('puts blocks where they belong when told that nobody else writes there', async () => {
      const { driver, root, counts } = await open()
      const options: object = { isAlone: true }
      const content = pattern(3 * block + 5)
      await driver.create(path, source(content, chunk), options)
      assert.equal(counts()['Copy Blob'] ?? 0, 0)
      assert.ok((await drain(await driver.open(path))).equals(content))
      const failing = driver.create(path, source(content, chunk, 30), options)
      await assert.rejects(failing, { message: 'the source broke off' })
      assert.ok((await drain(await driver.open(path))).equals(content), 'what was there stays')
      const other = storagePath('a/other')
      await assert.rejects(driver.create(other, source(content, chunk, 30), options))
      assert.deepEqual(await current().names(`${root}a/other`, true), [])
    })

    it('shows nothing of blocks before the end, and leaves nothing when the source breaks off', async () => {
      const { driver, root, counts } = await open()
      const failure = new Error('the client is gone')
      const failing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        yield* source(pattern(3 * block + 1), chunk)
        assert.equal(await driver.stat(path), undefined)
        assert.deepEqual(await current().names(root), [])
        throw failure
      }
      await assert.rejects(driver.create(path, failing()), (error) => error === failure)
      assert.ok((counts()['Put Block'] ?? 0) > 0)
      assert.deepEqual(await current().names(root, true), [])
    })

    it('stores one of several objects that processes send to the same place at once', async () => {
      const rootDirectory = 'many'
      const drivers = await Promise.all(Array.from({ length: 4 }, () => open({ rootDirectory })))
      const contents = drivers.map((_, index) => pattern(3 * block + index, index))
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          drivers.map(({ driver }, index) => {
            const content = contents[index] ?? Buffer.alloc(0)
            return driver.create(path, source(content, chunk))
          }),
        )
        const stored = await drain(await drivers[0]?.driver.open(path))
        assert.ok(contents.some((content) => content.equals(stored)))
      }
      assert.deepEqual(await current().names('many/', true), ['many/a/data'])
    })

    it('moves in two requests where nothing is, and can leave the source', async () => {
      const { driver, root, counts } = await open()
      const [from, to] = [storagePath('up/part'), storagePath('blobs/data')]
      await driver.write(from, Buffer.from('one'))
      assert.equal(await driver.move(from, to), true)
      assert.deepEqual(counts(), { 'Put Blob': 1, 'Copy Blob': 1, 'Delete Blob': 1 })
      await driver.write(from, Buffer.from('other'))
      assert.equal(await driver.move(from, to, { keepSource: true }), true)
      assert.equal((await driver.read(to))?.toString(), 'other')
      assert.deepEqual(await current().names(root), [`${root}blobs/data`, `${root}up/part`])
    })

    it('puts objects together without reading them, however small they are', async () => {
      const { driver, root, counts } = await open()
      const sizes = [mib, 100, 0, 2 * mib + 7, 3, 1]
      const contents = sizes.map((size, index) => pattern(size, index))
      const parts = []
      for (const [index, content] of contents.entries()) {
        const part = storagePath(`up/${index}`)
        await driver.create(part, source(content, chunk))
        parts.push({ path: part, size: content.length })
      }
      const to = storagePath('blobs/data')
      await driver.concatenate?.(parts, to)
      assert.equal(counts()['Get Blob'] ?? 0, 0)
      assert.equal(counts()['Put Block From URL'], 5)
      assert.ok((await drain(await driver.open(to))).equals(Buffer.concat(contents)))
      await driver.concatenate?.([], to)
      assert.equal((await driver.stat(to))?.size, 0)

      const wrong = [
        [...parts, { path: storagePath('absent'), size: 10 }],
        [{ path: storagePath('up/0'), size: mib + 1 }],
      ]
      for (const given of wrong)
        await assert.rejects(async () => driver.concatenate?.(given, to), { code: 'STORAGE_UNAVAILABLE' })
      assert.equal((await driver.stat(to))?.size, 0)
      assert.deepEqual(await current().names(`${root}_berth`, true), [])
    })

    it('removes what was made and never put in its place, once it is old', async () => {
      const { driver, root } = await open()
      const aside = `${root}_berth/tmp/left`
      await current().client.getBlockBlobClient(aside).upload('x', 1)
      await driver.write(path, Buffer.from('x'))
      assert.equal(await driver.removeLeftovers(60_000), 0)
      // Blobs are dated by the second.
      await delay(2_100)
      assert.equal(await driver.removeLeftovers(1_000, { dryRun: true }), 1)
      assert.deepEqual(await current().names(root), [aside, `${root}a/data`])
      assert.equal(await driver.removeLeftovers(1_000), 1)
      assert.deepEqual(await current().names(root), [`${root}a/data`])
    })
  })
}
