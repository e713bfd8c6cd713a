import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { drain, pattern, source } from '../../src/storage/contract/support.ts'
import { type SourcePart, type StorageDriver, storagePath } from '../../src/storage/driver.ts'
import { createGcsDriver } from '../../src/storage/gcs/driver.ts'
import type { GcsOptions } from '../../src/storage/gcs/options.ts'
import type { GcsRequest } from '../../src/storage/gcs/observe.ts'
import {
  type FakeGcs,
  type GcsBucket,
  makeGcsBucket,
  startFakeGcs,
  withoutFakeGcs,
} from '../support/fake-gcs.ts'
import { http } from '../support/http.ts'
import { type Fate, type S3Proxy, startS3Proxy } from '../support/s3-proxy.ts'

const mib = 1024 ** 2
const path = storagePath('a/data')
const skip = withoutFakeGcs() ?? false

const isNothing = (found: Buffer): boolean => found.toString() === 'mine'

/** An error as Google's JSON says it. */
function gcsError(status: number, reason: string, headers: Record<string, string> = {}): Fate {
  const error = { code: status, message: 'said the proxy', errors: [{ reason, message: 'said the proxy' }] }
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ error }),
  }
}

describe('gcs when the store fails', { skip }, () => {
  let server: FakeGcs
  let bucket: GcsBucket
  let proxy: S3Proxy
  let driver: StorageDriver
  let root: string
  let requests: GcsRequest[]

  const open = async (change: Partial<GcsOptions> = {}): Promise<StorageDriver> => {
    const options = bucket.options({
      emulatorHost: proxy.url,
      stall: 250,
      patience: 20_000,
      onRequest: (request) => requests.push(request),
      ...change,
    })
    root = `${options.rootDirectory}/`
    return createGcsDriver(options)
  }
  const only = (request: RegExp, fate: Fate, times: number = Infinity): void => {
    let left = times
    proxy.fate = (incoming) => (request.test(lineOf(incoming)) && left-- > 0 ? fate : undefined)
  }
  const attempts = (operation: string): number =>
    requests.filter((request) => request.operation === operation).length

  before(async () => {
    server = await startFakeGcs()
    bucket = await makeGcsBucket(server)
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
  afterEach(async () => {
    proxy.fate = () => undefined
    await driver.close()
  })

  it('waits while the store asks it to slow down, and loses nothing', async () => {
    const until = Date.now() + 1_500
    const slow = [
      gcsError(429, 'rateLimitExceeded', { 'retry-after': '1' }),
      gcsError(503, 'backendError', { 'retry-after': '1' }),
      gcsError(403, 'userRateLimitExceeded', { 'retry-after': '1' }),
    ]
    proxy.fate = () => (Date.now() < until ? slow[requests.length % slow.length] : undefined)
    const large = pattern(mib)
    await Promise.all([
      driver.write(storagePath('a/link'), Buffer.from('link')),
      driver.create(path, source(large, 64 * 1024)),
      driver.publish([{ path: storagePath('a/one'), content: Buffer.from('1') }]),
      driver.write(storagePath('a/claim'), Buffer.from('mine'), { ifAbsent: true }),
    ])
    assert.ok(Date.now() >= until)
    // Not sooner than the store said.
    assert.ok(requests.length < 20, `${requests.length} requests`)
    assert.ok((await drain(await driver.open(path))).equals(large))
    assert.equal((await driver.read(storagePath('a/link')))?.toString(), 'link')
  })

  it('gives up in time, and says for how long and what failed, and nothing secret', async () => {
    await driver.close()
    driver = await open({ patience: 300 })
    const start = Date.now()
    only(/^POST/, gcsError(503, 'backendError', { 'retry-after': '7' }))
    const failure = { code: 'STORAGE_UNAVAILABLE', retryAfter: 7 }
    await assert.rejects(driver.write(path, Buffer.from('x')), failure)
    await assert.rejects(driver.create(path, source(pattern(mib), mib)), failure)
    assert.ok(Date.now() - start < 5_000)
    requests.length = 0
    only(/^POST/, gcsError(400, 'invalid'))
    const error = await driver.write(path, Buffer.from('x')).catch((reason: unknown) => reason)
    assert.ok(error instanceof Error && error.cause instanceof Error)
    assert.match(
      error.cause.message,
      /^GCS InsertObject ".*\/a\/data": invalid: said the proxy \(status 400\)$/,
    )
    assert.equal(requests.length, 1, 'what cannot get better is not tried again')
    only(/^POST/, gcsError(403, 'quotaExceeded'))
    await assert.rejects(driver.write(path, Buffer.from('x')), { code: 'STORAGE_FULL' })
    only(/./, 'silence')
    await assert.rejects(driver.stat(path), { code: 'STORAGE_UNAVAILABLE' })
    proxy.fate = () => undefined
    assert.deepEqual(await bucket.keys(root), [])
  })

  it('takes a bucket that is gone for a failure, not for objects that are absent', async () => {
    const message = 'The specified bucket does not exist.'
    proxy.fate = () => ({ status: 404, body: JSON.stringify({ error: { code: 404, message } }) })
    const to = storagePath('b/data')
    const calls = [
      () => driver.stat(path),
      () => driver.read(path),
      () => driver.open(path),
      () => driver.delete(path),
      () => driver.move(path, to),
      () => driver.deleteTree(path),
    ]
    for (const call of calls) await assert.rejects(call, { code: 'STORAGE_UNAVAILABLE' }, String(call))
  })

  it('goes on reading where a connection broke, or fell silent', async () => {
    const content = pattern(4 * mib)
    await driver.create(path, source(content, 64 * 1024))
    for (const fate of ['cut', 'stall'] as const) {
      requests.length = 0
      only(/^GET .*media/, fate, 2)
      assert.ok((await drain(await driver.open(path))).equals(content), fate)
      assert.equal(attempts('GetObjectMedia'), 3)
      only(/^GET .*media/, fate, 1)
      const range = { start: 1_000_000, end: 3_000_000 }
      assert.ok((await drain(await driver.open(path, range))).equals(content.subarray(1_000_000, 3_000_001)))
      only(/^GET .*media/, fate, 1)
      assert.ok((await driver.read(path))?.equals(content), fate)
    }
    only(/^GET .*media/, 'cut')
    await assert.rejects(drain(await driver.open(path, { start: 0, end: 0 })), {
      code: 'STORAGE_UNAVAILABLE',
    })
  })

  it('does not mix two objects when one is replaced while it is read', async () => {
    const old = pattern(2 * mib, 1)
    for (const young of [pattern(2 * mib, 2), pattern(2 * mib + 1, 1)]) {
      await driver.create(path, source(old, 64 * 1024))
      only(/^GET .*media/, 'cut', 1)
      const object = await driver.open(path)
      await driver.create(path, source(young, 64 * 1024))
      await assert.rejects(drain(object), { code: 'STORAGE_UNAVAILABLE' })
      assert.ok((await drain(await driver.open(path))).equals(young))
    }
  })

  it('goes on reading what was replaced by the same', async () => {
    const content = pattern(2 * mib)
    await driver.create(path, source(content, 64 * 1024))
    only(/^GET .*media/, 'cut', 2)
    const object = await driver.open(path)
    await driver.create(path, source(content, 64 * 1024))
    assert.ok((await drain(object)).equals(content))
  })

  it('knows its own writes when their answers are lost', async () => {
    only(/^POST .*multipart/, 'lose-answer', 1)
    assert.equal(await driver.write(path, Buffer.from('mine'), { ifAbsent: true }), true)
    only(/^POST .*multipart/, 'lose-answer', 1)
    assert.equal(await driver.write(path, Buffer.from('other'), { ifAbsent: true }), false)
    only(/^POST .*multipart/, 'lose-answer', 2)
    assert.equal(await driver.write(path, Buffer.from('new'), { ifAbsent: true, isNothing }), true)
    assert.equal((await driver.read(path))?.toString(), 'new')
    only(/^(?:POST|DELETE)/, 'lose-answer', 2)
    assert.equal(await driver.move(path, storagePath('b/data')), true)
    assert.deepEqual(await bucket.keys(root), [`${root}b/data`])
    only(/^DELETE/, 'lose-answer', 1)
    assert.equal(await driver.delete(storagePath('b/data')), true)
    assert.equal(await driver.delete(storagePath('b/data')), false)
  })

  it('copies on while the store says that it is not done', async () => {
    await driver.write(path, Buffer.from('x'))
    const tokens: (string | null)[] = []
    proxy.fate = (request) => {
      if (!lineOf(request).includes('rewriteTo')) return undefined
      tokens.push(new URL(request.url ?? '', proxy.url).searchParams.get('rewriteToken'))
      return tokens.length < 3
        ? { status: 200, body: JSON.stringify({ done: false, rewriteToken: `t${tokens.length}` }) }
        : undefined
    }
    assert.equal(await driver.move(path, storagePath('b/data')), true)
    assert.deepEqual(tokens, [null, 't1', 't2'])
    assert.deepEqual(await bucket.keys(root), [`${root}b/data`])
  })

  it('puts objects together in the store, in groups of 32, and shows only what is whole', async () => {
    const contents = Array.from({ length: 70 }, (_, index) => pattern(index === 3 ? 0 : 100 + index, index))
    const parts: SourcePart[] = []
    for (const [index, content] of contents.entries()) {
      const part = storagePath(`up/${index}`)
      await driver.write(part, content)
      parts.push({ path: part, size: content.length })
    }
    requests.length = 0
    const to = storagePath('blobs/data')
    await driver.concatenate?.(parts, to)
    assert.ok((await driver.read(to))?.equals(Buffer.concat(contents)))
    assert.equal(attempts('ComposeObject'), 4)
    assert.equal(attempts('RewriteObject'), 1)

    await driver.concatenate?.(parts.slice(0, 1), to)
    assert.ok((await driver.read(to))?.equals(contents[0] ?? Buffer.alloc(0)))
    const wrong = { path: storagePath('up/1'), size: 5 }
    const absent = { path: storagePath('absent'), size: 5 }
    const fails = async (bad: readonly SourcePart[]): Promise<void> =>
      assert.rejects(Promise.resolve(driver.concatenate?.(bad, to)), { code: 'STORAGE_UNAVAILABLE' })
    for (const bad of [[...parts, wrong], [wrong], [absent]]) await fails(bad)
    // The emulator answers 500 where Google says 404.
    only(/\/compose/, gcsError(404, 'notFound'))
    await fails([...parts.slice(0, 2), absent])
    proxy.fate = () => undefined
    assert.ok((await driver.read(to))?.equals(contents[0] ?? Buffer.alloc(0)))
    await driver.concatenate?.([], to)
    assert.equal((await driver.stat(to))?.size, 0)
    await driver.deleteTree(storagePath('up'))
    assert.deepEqual(await bucket.keys(root), [`${root}blobs/data`])
  })

  it('removes what was left of putting together, by its age', async () => {
    const left = `${root}_berth/tmp/left`
    const url = `${server.url}/upload/storage/v1/b/${bucket.name}/o?uploadType=media&name=${encodeURIComponent(left)}`
    await http('POST', url, { body: 'x' })
    assert.equal(await driver.removeLeftovers(60_000), 0)
    assert.equal(await driver.removeLeftovers(-60_000, { dryRun: true }), 1)
    assert.deepEqual(await bucket.keys(root), [left])
    assert.equal(await driver.removeLeftovers(-60_000), 1)
    assert.deepEqual(await bucket.keys(root), [])
  })

  it("takes Distribution's uploads in progress for absent, and removes them with their folder", async () => {
    const key = `${root}up/id/data`
    const url = `${server.url}/upload/storage/v1/b/${bucket.name}/o?uploadType=media&name=${encodeURIComponent(key)}`
    await http('POST', url, {
      body: 'rest',
      headers: { 'Content-Type': 'application/x-docker-upload-session' },
    })
    await driver.write(storagePath('up/id/startedat'), Buffer.from('now'))
    const data = storagePath('up/id/data')
    assert.equal(await driver.stat(data), undefined)
    assert.equal(await driver.read(data), undefined)
    assert.equal(await driver.open(data), undefined)
    const names: string[] = []
    for await (const name of driver.list(storagePath('up/id'))) names.push(name)
    assert.deepEqual(names, ['startedat'])
    await driver.deleteTree(storagePath('up/id'))
    assert.deepEqual(await bucket.keys(root), [])
  })
})

function lineOf({ method, url }: IncomingMessage): string {
  return `${method} ${url}`
}
