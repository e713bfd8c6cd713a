import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import type { AzureOptions } from '../../src/storage/azure/options.ts'
import type { AzureRequest } from '../../src/storage/azure/requests.ts'
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
import { startTcpProxy } from '../support/tcp-proxy.ts'

const skip = azuriteMissing() ?? false

const mib = 1024 ** 2
const block = mib
const chunk = 64 * 1024
const path = storagePath('a/data')

const isNothing = (found: Buffer): boolean => found.toString() === 'mine'

describe('azure when the store fails', { skip }, () => {
  let server: Azurite
  let container: TestContainer
  let proxy: S3Proxy
  let driver: StorageDriver
  let root: string
  let requests: AzureRequest[]

  const open = async (change: Partial<AzureOptions> = {}): Promise<StorageDriver> => {
    const options = container.options({
      serviceUrl: `${proxy.url}/${server.account}`,
      stall: 600,
      patience: 20_000,
      chunkSize: block,
      copyPollDelay: 1,
      onRequest: (request) => requests.push(request),
      ...change,
    })
    root = `${options.rootDirectory}/`
    return createAzureDriver(options)
  }
  const only = (operation: RegExp, fate: Fate, times: number = Infinity): void => {
    let left = times
    proxy.fate = (request) => (operation.test(lineOf(request)) && left-- > 0 ? fate : undefined)
  }
  const attempts = (operation: string): number =>
    requests.filter((request) => request.operation === operation).length
  const names = (): Promise<string[]> => container.names(root, true)

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
    requests = []
    driver = await open()
  })
  afterEach(() => {
    proxy.fate = () => undefined
  })

  it('waits while the store asks it to slow down, and loses nothing', async () => {
    const until = Date.now() + 800
    const busy = azureError(503, 'ServerBusy', { 'retry-after': '1' })
    proxy.fate = () => (Date.now() < until ? busy : undefined)
    const large = pattern(2 * block + 5)
    await Promise.all([
      driver.write(storagePath('a/link'), Buffer.from('link')),
      driver.create(path, source(large, chunk)),
      driver.write(storagePath('a/claim'), Buffer.from('mine'), { ifAbsent: true }),
    ])
    assert.ok(Date.now() >= until)
    // Not sooner than the store said, so that each asked twice or thrice while it was slow.
    assert.ok(requests.length < 25, `${requests.length} requests`)
    assert.ok((await drain(await driver.open(path))).equals(large))
    assert.equal((await driver.read(storagePath('a/link')))?.toString(), 'link')
  })

  it('gives up in time, says for how long, and leaves nothing', async () => {
    driver = await open({ patience: 300 })
    proxy.fate = ({ method }) =>
      method === 'PUT' ? azureError(503, 'ServerBusy', { 'retry-after': '7' }) : undefined
    const start = Date.now()
    const failure = { code: 'STORAGE_UNAVAILABLE', retryAfter: 7 }
    await assert.rejects(driver.write(path, Buffer.from('x')), failure)
    await assert.rejects(driver.create(path, source(pattern(2 * block), mib)), failure)
    assert.ok(Date.now() - start < 5_000)
    only(/PUT .*comp=block(?!list)/, azureError(500, 'InternalError'))
    await assert.rejects(driver.create(path, source(pattern(6 * block), chunk)), {
      code: 'STORAGE_UNAVAILABLE',
    })
    proxy.fate = () => undefined
    assert.deepEqual(await names(), [])
  })

  it('says what failed, and nothing secret', async () => {
    only(/^PUT/, azureError(400, 'InvalidInput'))
    const error = await driver.write(path, Buffer.from('x')).catch((reason: unknown) => reason)
    assert.ok(error instanceof Error && error.cause instanceof Error)
    assert.match(
      error.cause.message,
      /^Azure Put Blob ".*\/a\/data": InvalidInput: said the proxy \(status 400/,
    )
    assert.equal(requests.length, 1, 'what cannot get better is not tried again')
    only(/^GET/, azureError(403, 'AuthenticationFailed'))
    await assert.rejects(driver.read(path), { code: 'STORAGE_UNAVAILABLE' })
    const told = JSON.stringify([error, error.cause, requests, error.stack, error.cause.stack])
    assert.ok(!told.includes(server.key) && !told.includes('SharedKey') && !told.includes('sig='))
    only(/^PUT/, azureError(507, 'InsufficientStorage'))
    driver = await open({ patience: 100 })
    await assert.rejects(driver.write(path, Buffer.from('x')), { code: 'STORAGE_FULL' })
  })

  it('goes on reading where a connection broke, or fell silent', async () => {
    const content = pattern(4 * mib)
    await driver.create(path, source(content, chunk))
    for (const fate of ['cut', 'stall'] as const) {
      requests.length = 0
      only(/^GET .*data/, fate, 2)
      assert.ok((await drain(await driver.open(path))).equals(content), fate)
      assert.equal(attempts('Get Blob'), 3)
      only(/^GET .*data/, fate, 1)
      const range = { start: 1_000_000, end: 3_000_000 }
      assert.ok((await drain(await driver.open(path, range))).equals(content.subarray(1_000_000, 3_000_001)))
      only(/^GET .*data/, fate, 1)
      assert.ok((await driver.read(path))?.equals(content), fate)
    }
  })

  it('gives up a body of which nothing more comes', async () => {
    await driver.create(path, source(pattern(4), chunk))
    // Half of what is left comes each time, and of one byte none.
    only(/^GET .*data/, 'cut')
    await assert.rejects(drain(await driver.open(path)), { code: 'STORAGE_UNAVAILABLE' })
    const tries = attempts('Get Blob')
    assert.ok(tries > 5 && tries < 12, `${tries} tries`)
  })

  it('does not mix two objects when one is replaced while it is read', async () => {
    const [old, young] = [pattern(4 * mib, 1), pattern(4 * mib + 1, 2)]
    await driver.create(path, source(old, chunk))
    only(/^GET .*data/, 'cut', 1)
    const opened = await driver.open(path)
    await driver.create(path, source(young, chunk))
    await assert.rejects(drain(opened), { code: 'STORAGE_UNAVAILABLE' })
  })

  it('does not take a slow reader for a dead store', async () => {
    const content = pattern(3 * mib)
    await driver.create(path, source(content, chunk))
    const opened = await driver.open(path)
    assert.ok(opened !== undefined)
    let bytes = 0
    for await (const piece of opened) {
      if (bytes === 0) await delay(800)
      bytes += piece.length
    }
    assert.equal(bytes, content.length)
    assert.equal(attempts('Get Blob'), 1)
  })

  it('sends again what nobody answers', async () => {
    only(/^PUT .*link/, 'silence', 1)
    assert.equal(await driver.write(storagePath('a/link'), Buffer.from('x')), true)
    only(/^PUT .*comp=block(?!list)/, 'silence', 1)
    const content = pattern(3 * block)
    await driver.create(path, source(content, chunk))
    assert.ok((await drain(await driver.open(path))).equals(content))
    assert.equal(attempts('Put Block'), 4)
  })

  it('knows its own write when the answer was lost', async () => {
    only(/^PUT/, 'lose-answer', 1)
    assert.equal(await driver.write(path, Buffer.from('mine'), { ifAbsent: true }), true)
    assert.equal(attempts('Put Blob'), 2)
    only(/^PUT/, 'lose-answer', 1)
    assert.equal(await driver.write(path, Buffer.from('other'), { ifAbsent: true }), false)
    only(/^PUT/, 'lose-answer', 2)
    assert.equal(await driver.write(path, Buffer.from('new'), { ifAbsent: true, isNothing }), true)
    assert.equal((await driver.read(path))?.toString(), 'new')

    const content = pattern(block + 1)
    const large = storagePath('a/large')
    for (const operation of [/^PUT .*comp=blocklist/, /^PUT .*a\/large/]) {
      only(operation, 'lose-answer', 1)
      assert.equal(await driver.create(large, source(content, chunk)), content.length)
    }
    only(/^(?:PUT|DELETE)/, 'lose-answer', 2)
    assert.equal(await driver.move(large, storagePath('b/data')), true)
    only(/^DELETE/, 'lose-answer', 1)
    assert.equal(await driver.delete(path), true)
    assert.deepEqual(await names(), [`${root}b/data`])
    assert.ok((await drain(await driver.open(storagePath('b/data')))).equals(content))
  })

  it('survives connections that break at any place of an upload', async () => {
    const content = pattern(3 * block + 7)
    const cutter = await startTcpProxy(server.port)
    const cutting = await open({ serviceUrl: `${cutter.url}/${server.account}`, stall: 2_000 })
    for (let at = 0.2 * mib; at < content.length; at += 0.9 * mib) {
      cutter.whenReceived(at, () => cutter.cut())
      assert.equal(await cutting.create(path, source(content, chunk)), content.length)
      assert.ok((await drain(await cutting.open(path))).equals(content))
    }
    await cutter.close()
  })

  it('reads and sends what the store does not fetch by its URL', async () => {
    const contents = [pattern(2 * block + 9, 1), pattern(10, 2), pattern(block, 3)]
    const parts = []
    for (const [index, content] of contents.entries()) {
      const part = storagePath(`up/${index}`)
      await driver.create(part, source(content, chunk))
      parts.push({ path: part, size: content.length })
    }
    proxy.fate = ({ headers, url }) =>
      headers['x-ms-copy-source'] !== undefined && url?.includes('comp=block') === true
        ? azureError(403, 'CannotVerifyCopySource')
        : undefined
    await driver.concatenate?.(parts, path)
    assert.ok((await drain(await driver.open(path))).equals(Buffer.concat(contents)))
  })

  it('waits for a copy that goes on behind its answer, and shows nothing of it before', async () => {
    const [from, to] = [storagePath('up/part'), storagePath('blobs/data')]
    await driver.write(from, Buffer.from('whole'))
    let looks = 0
    const looking = new EventEmitter()
    const isBegun = once(looking, 'begun')
    proxy.fate = (request) => {
      if (!/^(?:PUT|HEAD|GET) .*blobs\/data/.test(lineOf(request))) return undefined
      if (request.method === 'HEAD') looking.emit('begun')
      return request.method === 'HEAD' && ++looks > 6 ? copying('success') : copying('pending')
    }
    const moving = driver.move(from, to)
    await isBegun
    const seen = await Promise.all([driver.stat(to, { folders: false }), driver.open(to), driver.read(to)])
    assert.equal(await moving, true)
    assert.deepEqual(seen, [undefined, undefined, undefined])
    assert.ok(looks > 6)

    driver = await open({ copyPolls: -1 })
    await driver.write(from, Buffer.from('whole'))
    only(/^(?:PUT|HEAD) .*blobs\/data/, copying('pending'))
    await assert.rejects(driver.move(from, to), { code: 'STORAGE_UNAVAILABLE' })
    assert.equal(attempts('Abort Copy Blob'), 1)
    assert.equal((await driver.read(from))?.toString(), 'whole')
  })

  it('replaces a blob of the type that Distribution makes in one step, where Azure changes no types', async () => {
    const target = container.client.getAppendBlobClient(`${root}a/data`)
    await target.create()
    await target.appendBlock('mine', 4)
    // Azurite lets types change. Azure refuses each way to make a block blob of it.
    proxy.fate = (request) => {
      const copied = String(request.headers['x-ms-copy-source'] ?? '')
      const isBlock =
        copied === '' ? request.headers['x-ms-blob-type'] === 'BlockBlob' : copied.includes('/up/')
      const hasCondition = request.headers['if-none-match'] !== undefined
      return /^PUT .*a\/data/.test(lineOf(request)) && isBlock && !hasCondition
        ? azureError(409, 'InvalidBlobType')
        : undefined
    }
    const expectContent = async (content: Buffer): Promise<void> => {
      assert.ok((await driver.read(path))?.equals(content))
      assert.equal((await target.getProperties()).blobType, 'AppendBlob')
    }
    const large = pattern(5 * mib, 7)
    assert.equal(
      await driver.write(path, Buffer.from('new'), { ifAbsent: true, isNothing: () => false }),
      false,
    )
    assert.equal(await driver.write(path, Buffer.from('new'), { ifAbsent: true, isNothing }), true)
    await expectContent(Buffer.from('new'))
    await driver.write(path, Buffer.from('newer'))
    await expectContent(Buffer.from('newer'))
    await driver.create(path, source(pattern(9), chunk))
    await expectContent(pattern(9))
    await driver.create(storagePath('up/part'), source(large, chunk))
    assert.equal(await driver.move(storagePath('up/part'), path), true)
    await expectContent(large)
    assert.deepEqual(await names(), [`${root}a/data`])
  })
})

/** An answer that tells of a copy. */
function copying(status: string): Fate {
  const told = { 'x-ms-copy-status': status, 'x-ms-copy-id': 'the-copy' }
  return { rewrite: (answer) => ({ ...answer, headers: { ...answer.headers, ...told } }) }
}

function lineOf({ method, url }: IncomingMessage): string {
  return `${method} ${url}`
}
