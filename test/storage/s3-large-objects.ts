import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import type { TestBucket } from '../support/s3-store.ts'

const mib = 1024 ** 2
const chunk = 64 * 1024
const part = 5 * mib

interface Counted {
  readonly driver: StorageDriver
  readonly root: string
  /** Requests so far, by their names. */
  readonly counts: () => Readonly<Record<string, number>>
}

/** What S3 does in parts: uploads, copies, concatenation, and what is left of them. */
export function describeLargeObjects(name: string, current: () => TestBucket): void {
  const open = async (change: Partial<S3Options> = {}): Promise<Counted> => {
    const counts: Record<string, number> = {}
    const options = current().options({
      chunkSize: part,
      copyThreshold: part,
      copyChunkSize: part,
      onRequest: ({ operation }) => {
        counts[operation] = (counts[operation] ?? 0) + 1
      },
      ...change,
    })
    return { driver: await createS3Driver(options), root: `${options.rootDirectory}/`, counts: () => counts }
  }

  // They wait for clocks more than they work.
  describe(`large objects of s3 (${name})`, { concurrency: 3 }, () => {
    it('sends up to a chunk in one request, and more in parts', async () => {
      const { driver, root, counts } = await open()
      const path = storagePath('a/data')
      let parts = 0
      const sizes = [part - 1, part, part + 1, 2 * part, 2 * part + 1, 3 * part + 12_345]
      for (const size of sizes) {
        const content = pattern(size, size)
        assert.equal(await driver.create(path, source(content, chunk)), size)
        if (size > part) parts += Math.ceil(size / part)
        assert.equal(counts()['UploadPart'] ?? 0, parts, `${size} bytes`)
        assert.ok((await drain(await driver.open(path))).equals(content), `${size} bytes`)
      }
      assert.equal(counts()['PutObject'], 2)
      assert.equal(counts()['CompleteMultipartUpload'], 4)
      assert.deepEqual(await current().pending(root), [])
      await driver.close()
    })

    it('shows nothing of parts before the end, and leaves nothing when the source breaks off', async () => {
      const { driver, root, counts } = await open()
      const path = storagePath('a/data')
      const failure = new Error('the client is gone')
      const failing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        yield* source(pattern(2 * part + 1), chunk)
        assert.equal(await driver.stat(path), undefined)
        assert.deepEqual(await current().pending(root), [`${root}a/data`])
        throw failure
      }
      await assert.rejects(driver.create(path, failing()), (error) => error === failure)
      assert.equal(counts()['AbortMultipartUpload'], 1)
      assert.deepEqual(await current().pending(root), [])
      assert.deepEqual(await current().keys(root), [])
      await driver.close()
    })

    it('moves a large object in parts, and a small one whole', async () => {
      const { driver, root, counts } = await open()
      const [from, to] = [storagePath('up/part'), storagePath('blobs/data')]
      for (const [size, copies] of [
        [2 * part + 100, 3],
        [part, 0],
      ] as const) {
        const content = pattern(size)
        await driver.create(from, source(content, chunk))
        const before = counts()['UploadPartCopy'] ?? 0
        assert.equal(await driver.move(from, to), true)
        assert.equal((counts()['UploadPartCopy'] ?? 0) - before, copies)
        assert.ok((await drain(await driver.open(to))).equals(content))
      }
      assert.equal(counts()['HeadObject'] ?? 0, 0, 'who made it knows its size')
      assert.deepEqual(await current().keys(root), [`${root}blobs/data`])
      await driver.close()
    })

    it('puts objects together, copying what is large and reading what is small once', async () => {
      const { driver, root, counts } = await open()
      const sizes = [mib, 100, 0, part, 3, 2 * part + 7, mib, 2 * mib, 3 * mib, 1]
      const contents = sizes.map((size, index) => pattern(size, index))
      const parts = []
      for (const [index, content] of contents.entries()) {
        const path = storagePath(`up/${index}`)
        await driver.create(path, source(content, chunk))
        parts.push({ path, size: content.length })
      }
      const made = { ...counts() }
      const to = storagePath('blobs/data')
      await driver.concatenate?.(parts, to)
      const reads = (counts()['GetObject'] ?? 0) - (made['GetObject'] ?? 0)
      // Two of the nine that are not empty reach into the next part; no byte is read twice.
      assert.equal(reads, 11)
      assert.equal(counts()['UploadPartCopy'], 1)
      assert.ok((await drain(await driver.open(to))).equals(Buffer.concat(contents)))

      await driver.concatenate?.(parts.slice(0, 3), to)
      assert.ok((await drain(await driver.open(to))).equals(Buffer.concat(contents.slice(0, 3))))
      await driver.concatenate?.([], to)
      assert.equal((await driver.stat(to))?.size, 0)
      await assert.rejects(
        Promise.resolve(driver.concatenate?.([...parts, { path: storagePath('absent'), size: part }], to)),
        { code: 'STORAGE_UNAVAILABLE' },
      )
      assert.equal((await driver.stat(to))?.size, 0)
      assert.deepEqual(await current().pending(root), [])
      await driver.close()
    })

    it('aborts uploads that nobody sends to, and no others', async () => {
      const { driver, root } = await open()
      const { client, name: Bucket } = current()
      const start = async (Key: string): Promise<string> =>
        (await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId ?? ''
      const below = `${root}docker/registry/v2`
      const [dead, slow] = [await start(`${below}/dead`), await start(`${below}/slow`)]
      const elsewhere = await start(`${root}elsewhere`)
      assert.ok(dead !== '')
      let removed: number | undefined
      const mine = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        yield* source(pattern(part + 1), chunk)
        // S3 dates uploads by the second.
        await delay(2_100)
        const Key = `${below}/slow`
        await client.send(
          new UploadPartCommand({ Bucket, Key, UploadId: slow, PartNumber: 1, Body: Buffer.from('x') }),
        )
        removed = await driver.removeLeftovers(1_000)
      }
      await driver.create(storagePath('docker/registry/v2/mine'), mine())
      assert.equal(removed, 1)
      assert.deepEqual((await current().pending(root)).toSorted(), [`${below}/slow`, `${root}elsewhere`])
      for (const [Key, UploadId] of [
        [`${below}/slow`, slow],
        [`${root}elsewhere`, elsewhere],
      ] as const)
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      await driver.close()
    })
  })
}
