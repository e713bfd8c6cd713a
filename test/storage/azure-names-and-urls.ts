import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { connect } from '../../src/storage/azure/connect.ts'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import { listNames } from '../../src/storage/azure/listing.ts'
import { collect } from '../../src/storage/contract/support.ts'
import { storagePath } from '../../src/storage/driver.ts'
import type { TestContainer } from '../support/azurite.ts'
import { http } from '../support/http.ts'

/** Listings in pages, signed URLs, the names of both generations. */
export function describeNamesAndUrls(current: () => TestContainer): void {
  describe('names and URLs of azure', { concurrency: 4 }, () => {
    it('lists folders and objects in byte order from any name on, whatever the pages', async () => {
      const options = current().options()
      const driver = await createAzureDriver(options)
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
        { numRuns: 20 },
      )
    })

    it('makes URLs with which anybody reads one object for a while', async () => {
      const driver = await createAzureDriver(current().options())
      const path = storagePath('blobs/data')
      await driver.write(path, Buffer.from('0123456789'))
      const url = await driver.signedUrl?.(path, { method: 'GET', expires: 60 })
      assert.ok(url !== undefined)
      assert.equal((await http('GET', url.href)).body.toString(), '0123456789')
      const part = await http('GET', url.href, { headers: { Range: 'bytes=2-4' } })
      assert.equal(part.status, 206)
      assert.equal(part.body.toString(), '234')
      const about = await http('HEAD', url.href)
      assert.deepEqual([about.status, about.headers['content-length']], [200, '10'])
      const headers = { 'x-ms-blob-type': 'BlockBlob' }
      assert.equal((await http('PUT', url.href, { body: 'x', headers })).status, 403)
      assert.equal((await http('DELETE', url.href)).status, 403)
      const other = new URL(url)
      other.pathname = other.pathname.replace(/data$/, 'other')
      assert.equal((await http('GET', other.href)).status, 403)

      const short = await driver.signedUrl?.(path, { method: 'GET', expires: 1 })
      await delay(2_100)
      assert.equal((await http('GET', short?.href ?? '')).status, 403)
    })

    it('serves the names of version 2 where there are no others', async () => {
      const { options, client } = current()
      const warnings: string[] = []
      const log = {
        debug() {},
        info() {},
        error() {},
        warn: (_: object, text: string) => void warnings.push(text),
      }
      const open = (): ReturnType<typeof createAzureDriver> =>
        createAzureDriver(options({ rootDirectory: '/', log }))
      const path = storagePath('docker/registry/v2/repositories/app/link')
      const put = (name: string): Promise<unknown> =>
        client.getBlockBlobClient(name).upload(name, name.length)
      const read = async (): Promise<string | undefined> => (await (await open()).read(path))?.toString()

      assert.equal((await open()).objectKey?.(path), path)
      await put(`/${path}`)
      assert.equal(await read(), `/${path}`)
      assert.deepEqual(await collect((await open()).list(storagePath('docker/registry/v2'))), [
        'repositories',
      ])
      const below = await createAzureDriver(options({ rootDirectory: '/a//b/' }))
      assert.equal(below.objectKey?.(path), `a//b/${path}`)
      assert.deepEqual(warnings, [])
      await put(path)
      assert.equal(await read(), path)
      assert.match(warnings.join(), /with and without a slash in front/)
    })
  })
}
