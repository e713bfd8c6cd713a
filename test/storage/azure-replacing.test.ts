import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { BlobServiceClient } from '@azure/storage-blob'
import { accessBy } from '../../src/storage/azure/credentials.ts'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import { Requests } from '../../src/storage/azure/requests.ts'
import { loadSdk } from '../../src/storage/azure/sdk.ts'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import {
  type Azurite,
  azureError,
  azuriteMissing,
  makeContainer,
  startAzurite,
  type TestContainer,
} from '../support/azurite.ts'
import { type Fate, type S3Proxy, startS3Proxy } from '../support/s3-proxy.ts'

const mib = 1024 ** 2
const [from, to] = [storagePath('up/data'), storagePath('blobs/data')]
const skip = azuriteMissing() ?? false

describe('azure when what is there is replaced', { skip }, () => {
  let server: Azurite
  let container: TestContainer
  let proxy: S3Proxy
  let driver: StorageDriver
  let root: string
  /** Copies of whole blobs to the target. */
  let copies: string[]

  const target = (): ReturnType<TestContainer['client']['getBlobClient']> =>
    container.client.getBlobClient(`${root}blobs/data`)

  before(async () => {
    server = await startAzurite()
    container = await makeContainer(server)
    proxy = await startS3Proxy(server.port)
  })
  after(async () => {
    await proxy.close()
    await server.stop()
  })
  beforeEach(async () => {
    copies = []
    const options = container.options({
      serviceUrl: `${proxy.url}/${server.account}`,
      stall: 1_000,
      patience: 5_000,
      chunkSize: mib,
      copyPolls: -1,
    })
    root = `${options.rootDirectory}/`
    driver = await createAzureDriver(options)
  })
  afterEach(() => {
    proxy.fate = () => undefined
  })

  /** Azure behind a firewall fetches nothing by URL. */
  const refuseUrls = (): void => {
    proxy.fate = (request) => {
      const { headers, method } = request
      if (method !== 'PUT' || headers['x-ms-copy-source'] === undefined) return undefined
      if (headers['x-ms-blob-type'] !== undefined) return azureError(403, 'CannotVerifyCopySource')
      copies.push(String(headers['if-none-match'] ?? headers['if-match']))
      return undefined
    }
  }

  it('leaves one of the same size as it is where the store does not do it in one step', async () => {
    const content = pattern(1_000)
    await driver.write(from, content)
    await driver.write(to, content)
    const { etag } = await target().getProperties()
    refuseUrls()
    assert.equal(await driver.move(from, to, { keepSource: true }), true)
    assert.equal((await target().getProperties()).etag, etag)
    assert.equal(await driver.move(storagePath('up/absent'), to), false)
    assert.deepEqual(new Set(copies), new Set(['*']))
  })

  it('replaces one of another size by the bytes, which pass through here', async () => {
    for (const content of [pattern(3 * mib + 5), pattern(7), Buffer.alloc(0)]) {
      await driver.create(from, source(content, 100_000))
      await driver.write(to, Buffer.from('damaged'.repeat(9)))
      refuseUrls()
      assert.equal(await driver.move(from, to), true)
      assert.ok((await drain(await driver.open(to))).equals(content))
      assert.deepEqual(await container.names(root, true), [`${root}blobs/data`])
    }
    assert.deepEqual(new Set(copies), new Set(['*']))
  })

  it('removes the target of a copy that does not end, but not what somebody else wrote there', async () => {
    await driver.write(from, Buffer.from('whole'))
    const conditions: unknown[] = []
    const seen = '"0x8DAAAAAAAAAAAAA"'
    proxy.fate = (request) => {
      if (!request.url?.includes('blobs/data')) return undefined
      if (request.url.includes('comp=copy')) return { status: 204 }
      if (request.method === 'DELETE') conditions.push(request.headers['if-match'])
      return isOneOf(request, 'PUT', 'HEAD') ? pending(seen) : undefined
    }
    await assert.rejects(driver.move(from, to), { code: 'STORAGE_UNAVAILABLE' })
    assert.deepEqual(conditions, [seen])
    assert.equal(await target().exists(), true)
  })

  it('goes on reading what was replaced by the same', async () => {
    const content = pattern(4 * mib)
    await driver.create(to, source(content, mib))
    let cuts = 2
    proxy.fate = (request) => (isOneOf(request, 'GET') && cuts-- > 0 ? 'cut' : undefined)
    const opened = await driver.open(to)
    await driver.write(to, content)
    assert.ok((await drain(opened)).equals(content))
    assert.ok(cuts < 0)
  })

  it('gives up a listing whose pages have no end', async () => {
    const page =
      '<?xml version="1.0"?><EnumerationResults><Blobs/><NextMarker>again</NextMarker></EnumerationResults>'
    const headers = { 'content-type': 'application/xml' }
    proxy.fate = (request) => (isOneOf(request, 'GET') ? { status: 200, headers, body: page } : undefined)
    const listing = async (): Promise<void> => {
      for await (const name of driver.list(to)) assert.fail(name)
    }
    const failure = { code: 'STORAGE_UNAVAILABLE' }
    await assert.rejects(listing, failure)
    await assert.rejects(driver.deleteTree(to), failure)
  })
})

it('azure does not wait for a token that does not come', { timeout: 10_000 }, async () => {
  const sdk = await loadSdk()
  const service = new BlobServiceClient('https://127.0.0.1:1/x')
  let asked = 0
  const silent = {
    getToken() {
      asked++
      return new Promise<never>(() => {
        // For ever.
      })
    },
  }
  // What a request that waits keeps alive is not there.
  const alive = setInterval(() => undefined, 1_000)
  try {
    const access = accessBy(sdk, silent, service, new Requests({ patience: 100, stall: 50 }))
    await assert.rejects(access.bearer(), { code: 'STORAGE_UNAVAILABLE' })
    assert.ok(asked > 0)
  } finally {
    clearInterval(alive)
  }
})

function isOneOf({ method = '' }: IncomingMessage, ...methods: readonly string[]): boolean {
  return methods.includes(method)
}

function pending(etag: string): Fate {
  const told = { etag, 'x-ms-copy-status': 'pending', 'x-ms-copy-id': 'the-copy' }
  return { rewrite: (answer) => ({ ...answer, headers: { ...answer.headers, ...told } }) }
}
