import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { take } from '../../src/util/iterables.ts'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import type { S3Request } from '../../src/storage/s3/requests.ts'
import type { S3Server } from '../support/radosgw.ts'
import { findProgram } from '../support/require-program.ts'
import { type Fate, type S3Proxy, s3Error, startS3Proxy } from '../support/s3-proxy.ts'
import { makeBucket, type TestBucket } from '../support/s3-store.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { startVersitygw } from '../support/versitygw.ts'

const isMissing = findProgram('versitygw') === undefined
if (isMissing && process.env['CI'])
  throw new Error('versitygw is not installed: run test/services/install.sh')

const mib = 1024 ** 2
const part = 5 * mib
const path = storagePath('a/data')

const isNothing = (found: Buffer): boolean => found.toString() === 'mine'

const skip = isMissing && 'versitygw is not installed: run test/services/install.sh'

describe('s3 when the store fails', { skip }, () => {
  let server: S3Server
  let bucket: TestBucket
  let proxy: S3Proxy
  let driver: StorageDriver
  let root: string
  let requests: S3Request[]

  const open = async (change: Partial<S3Options> = {}): Promise<StorageDriver> => {
    const options = bucket.options({
      endpoint: proxy.url,
      stall: 250,
      patience: 20_000,
      chunkSize: part,
      copyThreshold: part,
      copyChunkSize: part,
      onRequest: (request) => requests.push(request),
      ...change,
    })
    root = `${options.rootDirectory}/`
    return createS3Driver(options)
  }
  const only = (operation: RegExp, fate: Fate, times: number = Infinity): void => {
    let left = times
    proxy.fate = (request) => (operation.test(lineOf(request)) && left-- > 0 ? fate : undefined)
  }
  const attempts = (operation: string): number =>
    requests.filter((request) => request.operation === operation).length

  before(async () => {
    server = await startVersitygw()
    bucket = await makeBucket(server)
    proxy = await startS3Proxy(server.port)
  })
  after(async () => {
    bucket.client.destroy()
    await proxy.close()
    await server.stop()
  })
  beforeEach(async () => {
    requests = []
    driver = await open()
  })
  afterEach(async () => {
    proxy.fate = () => undefined
    await driver.close()
  })

  it('waits while the store asks it to slow down, and loses nothing', async () => {
    const until = Date.now() + 2_000
    proxy.fate = () => (Date.now() < until ? s3Error(503, 'SlowDown', { 'retry-after': '1' }) : undefined)
    const large = pattern(2 * part + 5)
    await Promise.all([
      driver.write(storagePath('a/link'), Buffer.from('link')),
      driver.create(path, source(large, 64 * 1024)),
      driver.publish([{ path: storagePath('a/one'), content: Buffer.from('1') }]),
      driver.write(storagePath('a/claim'), Buffer.from('mine'), { ifAbsent: true }),
    ])
    assert.ok(Date.now() >= until)
    // Not sooner than the store said, so that each asked twice or thrice while it was slow.
    assert.ok(requests.length < 25, `${requests.length} requests`)
    assert.ok((await drain(await driver.open(path))).equals(large))
    assert.equal((await driver.read(storagePath('a/link')))?.toString(), 'link')
  })

  it('gives up in time, says for how long, and leaves nothing', async () => {
    await driver.close()
    driver = await open({ patience: 300 })
    proxy.fate = ({ method }) =>
      method === 'PUT' ? s3Error(503, 'SlowDown', { 'retry-after': '7' }) : undefined
    const start = Date.now()
    const failure = { code: 'STORAGE_UNAVAILABLE', retryAfter: 7 }
    await assert.rejects(driver.write(path, Buffer.from('x')), failure)
    await assert.rejects(driver.create(path, source(pattern(2 * part), mib)), failure)
    assert.ok(Date.now() - start < 5_000)
    proxy.fate = () => undefined
    assert.deepEqual(await bucket.keys(root), [])
    assert.deepEqual(await bucket.pending(root), [])
  })

  it('says what failed, and nothing secret', async () => {
    const { secretKey, accessKey } = server.keys
    only(/^PUT/, s3Error(400, 'InvalidArgument'))
    const error = await driver.write(path, Buffer.from('x')).catch((reason: unknown) => reason)
    assert.ok(error instanceof Error && error.cause instanceof Error)
    assert.match(
      error.cause.message,
      /^S3 PutObject ".*\/a\/data": InvalidArgument: said the proxy \(status 400/,
    )
    assert.equal(requests.length, 1, 'what cannot get better is not tried again')
    const told = JSON.stringify([error, error.cause, requests, error.stack, error.cause.stack])
    assert.ok(!told.includes(secretKey) && !told.includes(accessKey))
    only(/^PUT/, s3Error(507, 'InsufficientStorage'))
    await driver.close()
    driver = await open({ patience: 100 })
    await assert.rejects(driver.write(path, Buffer.from('x')), { code: 'STORAGE_FULL' })
  })

  it('goes on reading where a connection broke, or fell silent', async () => {
    const content = pattern(6 * mib)
    await driver.create(path, source(content, 64 * 1024))
    for (const fate of ['cut', 'stall'] as const) {
      requests.length = 0
      only(/^GET .*data/, fate, 3)
      assert.ok((await drain(await driver.open(path))).equals(content), fate)
      assert.equal(attempts('GetObject'), 4)
      only(/^GET .*data/, fate, 2)
      const range = { start: 1_000_000, end: 5_000_000 }
      assert.ok((await drain(await driver.open(path, range))).equals(content.subarray(1_000_000, 5_000_001)))
      only(/^GET .*data/, fate, 2)
      assert.ok((await driver.read(path))?.equals(content), fate)
    }
  })

  it('gives up a body of which nothing more comes', async () => {
    await driver.create(path, source(pattern(64), 64 * 1024))
    // Half of what is left comes each time, and of one byte none.
    only(/^GET .*data/, 'cut')
    await assert.rejects(drain(await driver.open(path)), { code: 'STORAGE_UNAVAILABLE' })
    const tries = attempts('GetObject')
    assert.ok(tries > 6 && tries < 20, `${tries} tries`)
    only(/^GET .*data/, 'cut', 1)
    const broken = await driver.open(path)
    only(/^GET .*data/, s3Error(403, 'AccessDenied'))
    await assert.rejects(drain(broken), { code: 'STORAGE_UNAVAILABLE' })
  })

  it('does not mix two objects when one is replaced by another while it is read', async () => {
    const [old, young] = [pattern(4 * mib, 1), pattern(4 * mib + 1, 2)]
    await driver.create(path, source(old, 64 * 1024))
    only(/^GET .*data/, 'cut', 1)
    const opened = await driver.open(path)
    await driver.create(path, source(young, 64 * 1024))
    await assert.rejects(drain(opened), { code: 'STORAGE_UNAVAILABLE' })
  })

  it('goes on reading what was pushed again meanwhile, in other parts', async () => {
    const content = pattern(2 * part, 1)
    await driver.create(path, source(content, 64 * 1024))
    only(/^GET .*data/, 'cut', 1)
    const opened = await driver.open(path)
    const other = await open({ chunkSize: 4 * part, rootDirectory: root })
    await other.create(path, source(content, 64 * 1024))
    assert.ok((await drain(opened)).equals(content))
    await other.close()
  })

  it('takes no list that is cut short for a whole one', async () => {
    proxy.fate = ({ url = '' }) =>
      url.includes('list-type=2')
        ? {
            status: 200,
            headers: { 'content-type': 'application/xml' },
            body: '<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>a</NextMarker></ListBucketResult>',
          }
        : undefined
    await assert.rejects(take(driver.list(storagePath('a')), 1), { code: 'STORAGE_UNAVAILABLE' })
  })

  it('does not take a slow reader for a dead store', async () => {
    const content = pattern(3 * mib)
    await driver.create(path, source(content, 64 * 1024))
    const opened = await driver.open(path)
    assert.ok(opened !== undefined)
    let bytes = 0
    let pauses = 2
    for await (const chunk of opened) {
      bytes += chunk.length
      if (pauses-- > 0) await delay(450)
    }
    assert.equal(bytes, content.length)
    assert.equal(attempts('GetObject'), 1)
  })

  it('sends again what nobody answers', async () => {
    only(/^PUT .*link/, 'silence', 1)
    assert.equal(await driver.write(storagePath('a/link'), Buffer.from('x')), true)
    only(/partNumber=2/, 'silence', 1)
    const content = pattern(3 * part)
    await driver.create(path, source(content, 64 * 1024))
    assert.ok((await drain(await driver.open(path))).equals(content))
    assert.equal(attempts('UploadPart'), 4)
  })

  it('knows its own write when the answer was lost', async () => {
    only(/^PUT/, 'lose-answer', 1)
    assert.equal(await driver.write(path, Buffer.from('mine'), { ifAbsent: true }), true)
    assert.equal(attempts('PutObject'), 2)
    only(/^PUT/, 'lose-answer', 1)
    assert.equal(await driver.write(path, Buffer.from('other'), { ifAbsent: true }), false)
    only(/^PUT/, 'lose-answer', 2)
    assert.equal(await driver.write(path, Buffer.from('new'), { ifAbsent: true, isNothing }), true)
    assert.equal((await driver.read(path))?.toString(), 'new')

    const content = pattern(part + 1)
    // Amazon takes the same completion twice for a while, others do not.
    const fates: Fate[] = ['lose-answer', s3Error(404, 'NoSuchUpload')]
    proxy.fate = (request) => (/^POST .*uploadId/.test(lineOf(request)) ? fates.shift() : undefined)
    assert.equal(await driver.create(path, source(content, 64 * 1024)), content.length)
    assert.equal(attempts('CompleteMultipartUpload'), 2)
    only(/^(?:PUT|DELETE)/, 'lose-answer', 2)
    assert.equal(await driver.move(path, storagePath('b/data')), true)
    assert.deepEqual(await bucket.keys(root), [`${root}b/data`])
    assert.ok((await drain(await driver.open(storagePath('b/data')))).equals(content))
  })

  it('deletes again what one answer says was not deleted', async () => {
    for (let index = 0; index < 5; index++) await driver.write(storagePath(`up/${index}`), Buffer.from('x'))
    const body =
      '<DeleteResult><Error><Key>up/3</Key><Code>InternalError</Code><Message>try again</Message></Error></DeleteResult>'
    only(/^POST .*delete/, { status: 200, body, headers: { 'content-type': 'application/xml' } }, 2)
    await driver.deleteTree(storagePath('up'))
    assert.equal(attempts('DeleteObjects'), 3)
    assert.deepEqual(await bucket.keys(root), [])
  })

  it('survives connections that break at any place of an upload', async () => {
    const content = pattern(3 * part + 7)
    const cutter = await startTcpProxy(server.port)
    const cutting = await createS3Driver(
      bucket.options({ endpoint: cutter.url, chunkSize: part, stall: 2_000 }),
    )
    for (let at = 0.5 * mib; at < content.length; at += 3.3 * mib) {
      cutter.whenReceived(at, () => cutter.cut())
      assert.equal(await cutting.create(path, source(content, 64 * 1024)), content.length)
      assert.ok((await drain(await cutting.open(path))).equals(content))
    }
    await cutting.close()
    await cutter.close()
  })

  it('leaves no upload behind when the store fails in the middle of one', async () => {
    await driver.close()
    driver = await open({ patience: 50 })
    only(/partNumber=3/, s3Error(500, 'InternalError'))
    await assert.rejects(driver.create(path, source(pattern(6 * part), 64 * 1024)), {
      code: 'STORAGE_UNAVAILABLE',
    })
    assert.deepEqual(await bucket.pending(root), [])
    assert.equal(await driver.stat(path), undefined)
  })
})

function lineOf({ method, url }: IncomingMessage): string {
  return `${method} ${url}`
}
