import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { collect } from '../../src/storage/contract/support.ts'
import { storagePath } from '../../src/storage/driver.ts'
import { connect } from '../../src/storage/s3/connect.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import { listNames } from '../../src/storage/s3/listing.ts'
import { http } from '../support/http.ts'
import type { TestBucket } from '../support/s3-store.ts'

const isNothing = (found: Buffer): boolean => found.length === 0

/** Listings in pages, signed URLs, several replicas. */
export function describeNamesAndUrls(name: string, current: () => TestBucket): void {
  describe(`names and URLs of s3 (${name})`, { concurrency: 4 }, () => {
    it('lists folders and objects in byte order from any name on, whatever the pages', async () => {
      const options = current().options()
      const driver = await createS3Driver(options)
      const store = await connect(options)
      const letter = fc.constantFrom('a', '-', '.', '0', 'B')
      const word = fc
        .array(letter, { minLength: 1, maxLength: 4 })
        .map((letters) => letters.join(''))
        .filter((text) => !/^\.{1,2}$/.test(text))
      let run = 0
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(word, { minLength: 1, maxLength: 15 }),
          fc.infiniteStream(fc.boolean()),
          fc.option(word, { nil: undefined }),
          fc.integer({ min: 1, max: 4 }),
          async (names, folders, after, pageSize) => {
            const top = storagePath(`l/${run++}`)
            for (const entry of names) {
              const isFolder = folders.next().value === true
              await driver.write(storagePath(`${top}/${entry}${isFolder ? '/x/y' : ''}`), Buffer.from('x'))
            }
            const expected = names.filter((entry) => after === undefined || entry > after).toSorted()
            assert.deepEqual(await collect(listNames({ ...store, pageSize }, top, after)), expected)
          },
        ),
        { numRuns: 15 },
      )
      await driver.close()
      store.requests.client.destroy()
    })

    it('makes URLs with which anybody reads one object for a while', async () => {
      const options = current().options()
      const driver = await createS3Driver(options)
      const path = storagePath('blobs/data')
      const content = Buffer.from('0123456789')
      await driver.write(path, content)
      const get = await driver.signedUrl?.(path, { method: 'GET', expires: 60 })
      const head = await driver.signedUrl?.(path, { method: 'HEAD', expires: 60 })
      assert.ok(get !== undefined && head !== undefined)
      assert.ok(!get.href.includes(options.credentials?.secretKey ?? '?'))
      assert.deepEqual((await http('GET', get.href)).body, content)
      const part = await http('GET', get.href, { headers: { Range: 'bytes=2-4' } })
      assert.equal(part.status, 206)
      assert.equal(part.body.toString(), '234')
      const about = await http('HEAD', head.href)
      assert.equal(about.status, 200)
      assert.equal(about.headers['content-length'], '10')
      assert.equal((await http('PUT', get.href, { body: 'x' })).status, 403)
      const other = new URL(get)
      other.pathname = other.pathname.replace(/data$/, 'other')
      assert.equal((await http('GET', other.href)).status, 403)

      const short = await driver.signedUrl?.(path, { method: 'GET', expires: 1 })
      await delay(2_100)
      assert.equal((await http('GET', short?.href ?? '')).status, 403)
      await driver.close()
    })

    it('gives signed URLs another scheme and host where clients are to go elsewhere', async () => {
      const redirectEndpoint = 'https://cdn.example'
      const driver = await createS3Driver(current().options({ redirectEndpoint }))
      const url = await driver.signedUrl?.(storagePath('a'), { method: 'GET', expires: 60 })
      assert.equal(url?.origin, redirectEndpoint)
      assert.ok(url.searchParams.has('X-Amz-Signature'))
      await driver.close()
    })

    it('lets one of eight processes write what all of them claim', async () => {
      const options = current().options()
      const drivers = await Promise.all(Array.from({ length: 8 }, () => createS3Driver(options)))
      for (let round = 0; round < 10; round++) {
        const path = storagePath(`claims/${round}`)
        if (round % 2 === 1) await drivers[0]?.write(path, Buffer.alloc(0))
        const won = await Promise.all(
          drivers.map((driver, index) =>
            driver.write(path, Buffer.from(`${index}`), { ifAbsent: true, isNothing }),
          ),
        )
        assert.equal(won.filter(Boolean).length, 1)
        assert.equal((await drivers[0]?.read(path))?.toString(), String(won.indexOf(true)))
      }
      await Promise.all(drivers.map((driver) => driver.close()))
    })
  })
}
