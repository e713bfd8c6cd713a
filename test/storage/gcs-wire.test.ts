import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import { createGcsDriver } from '../../src/storage/gcs/driver.ts'

const [from, to] = [storagePath('a/data'), storagePath('b/data')]
const failure = { code: 'STORAGE_UNAVAILABLE' }

/** What a store that is broken answers; no real one does. */
describe('gcs when the store comes to no end', { timeout: 60_000 }, () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let requests = 0
  let driver: StorageDriver
  const server = createServer((request, response) => {
    requests++
    request.resume()
    answer(request, response)
  })

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(async () => {
    requests = 0
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const emulatorHost = `127.0.0.1:${address.port}`
    driver = await createGcsDriver({ bucket: 'b', emulatorHost, patience: 600, stall: 300 })
  })
  afterEach(async () => {
    await driver.close()
  })

  it('does not read on what comes byte by byte', async () => {
    for (const status of [200, 400]) {
      answer = (_, response) => {
        response.writeHead(status, { 'content-length': '100', 'x-goog-generation': '1' })
        const timer = setInterval(() => response.write(' '), 100)
        response.on('close', () => clearInterval(timer))
      }
      const start = Date.now()
      await assert.rejects(driver.read(from), failure)
      await assert.rejects(driver.stat(from, { folders: false }), failure)
      // Ten seconds each otherwise.
      assert.ok(Date.now() - start < 6_000)
    }
  })

  it('gives up a copy that comes no further, and not one that does', async () => {
    answer = (_, response) => response.end(JSON.stringify({ done: false, rewriteToken: 'same' }))
    await assert.rejects(driver.move(from, to), failure)
    assert.ok(requests < 12, `${requests} requests`)

    let bytes = 0
    answer = ({ method }, response) => {
      const isDone = ++bytes === 12 || method !== 'POST'
      const progress = { done: isDone, totalBytesRewritten: String(bytes), rewriteToken: 'same' }
      response.end(JSON.stringify(progress))
    }
    assert.equal(await driver.move(from, to, { keepSource: true }), true)
    assert.equal(bytes, 12)
  })

  it('gives up a listing whose pages have no end', async () => {
    answer = (_, response) => response.end(JSON.stringify({ nextPageToken: 'again' }))
    const listing = async (): Promise<void> => {
      for await (const name of driver.list(from)) assert.fail(name)
    }
    await assert.rejects(listing, failure)
    await assert.rejects(driver.deleteTree(from), failure)
    assert.ok(requests < 6, `${requests} requests`)
  })
})
