import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { RegistryError } from '../../src/registry/errors.ts'
import type { ByteRange, OpenObject, StoragePath } from '../../src/storage/driver.ts'
import { http } from '../support/http.ts'
import { digestOf } from '../support/seeded.ts'
import { emptyConfig, image, newBlob, octets, pushBlob, pushManifest } from './content.ts'
import { errorsOf, outcome, startParts } from './in-process.ts'

/** Fails as it is told. */
class FailingDriver extends MemoryDriver {
  failure: unknown

  override async read(path: StoragePath, limit?: number): Promise<Buffer | undefined> {
    if (this.failure !== undefined) throw this.failure
    return await super.read(path, limit)
  }

  override async open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined> {
    if (this.failure !== undefined) throw this.failure
    return await super.open(path, range)
  }

  override async create(path: StoragePath, source: AsyncIterable<Uint8Array>): Promise<number> {
    if (this.failure !== undefined) throw this.failure
    return await super.create(path, source)
  }

  override async *list(path: StoragePath, after?: string): AsyncGenerator<string, void, undefined> {
    if (this.failure !== undefined) throw this.failure
    yield* super.list(path, after)
  }
}

void test('failures of the store', async (t) => {
  const driver = new FailingDriver()
  const server = await startParts(t, { driver })
  const large = newBlob(100_000)
  await pushBlob(server, 'r', large)
  await pushManifest(server, 'r', 'v1', image())
  const requests = [
    ['GET', '/v2/r/manifests/v1', undefined],
    ['GET', `/v2/r/blobs/${large.digest}`, undefined],
    ['GET', '/v2/r/tags/list', undefined],
    ['GET', '/v2/_catalog', undefined],
    ['GET', `/v2/r/referrers/${digestOf('x')}`, undefined],
    ['POST', `/v2/r/blobs/uploads/?digest=${emptyConfig.digest}`, emptyConfig.content],
    ['PUT', '/v2/r/manifests/v2', image().content],
  ] as const

  for (const [code, expected, retryAfter] of [
    ['STORAGE_FULL', '507 UNAVAILABLE', undefined],
    ['STORAGE_UNAVAILABLE', '503 UNAVAILABLE', '10'],
  ] as const) {
    await t.test(`${code}: ${expected}, and what caused it stays here`, async () => {
      driver.failure = new RegistryError(code, { cause: new Error('/secret/path') })
      for (const [method, path, body] of requests) {
        const headers = method === 'PUT' ? { 'Content-Type': image().mediaType } : octets
        const answer = await server.call(method, path, { headers, ...(body && { body }) })
        assert.equal(outcome(answer), expected, `${method} ${path}`)
        assert.equal(answer.headers['retry-after'], retryAfter)
        assert.doesNotMatch(answer.body.toString(), /secret/)
      }
      driver.failure = undefined
      assert.equal((await server.call('GET', '/v2/r/manifests/v1')).status, 200)
    })
  }
})

void test("a bug of ours: 500 in the protocol's form, of which the client learns nothing", async () => {
  // Not through `startParts`, whose tests end with a look that there were no bugs.
  const driver = new FailingDriver()
  const { createHandler } = await import('../../src/http/handler.ts')
  const { defaultHttpSettings } = await import('../../src/http/settings.ts')
  const { createStoredRegistry } = await import('../../src/stored/stored-registry.ts')
  const { Listener } = await import('../../src/server/listener.ts')
  const lines: string[] = []
  const log = {
    debug: (): void => {},
    info: (): void => {},
    warn: (): void => {},
    error: (_fields: object, message: string): void => void lines.push(message),
  }
  const handler = createHandler({
    registry: createStoredRegistry(driver),
    settings: defaultHttpSettings,
    logOf: () => log,
  })
  const listener = new Listener(handler, { address: '127.0.0.1:0', net: 'tcp' })
  const url = `http://${await listener.start()}`
  try {
    driver.failure = new TypeError('secret')
    const answer = await http('GET', `${url}/v2/r/manifests/v1`)
    assert.equal(outcome(answer), '500 UNKNOWN')
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0')
    assert.deepEqual(errorsOf(answer), [{ code: 'UNKNOWN', message: 'unknown error' }])
    assert.deepEqual(lines, ['request failed unexpectedly'])
    const head = await http('HEAD', `${url}/v2/r/manifests/v1`)
    assert.equal(head.status, 500)
    assert.equal(head.headers['docker-distribution-api-version'], 'registry/2.0')
  } finally {
    await listener.stop(0)
  }
})

void test('errors of HEAD are those of GET, without a body', async (t) => {
  const server = await startParts(t, { driver: new MemoryDriver() })
  for (const path of [
    '/v2/r/manifests/v1',
    `/v2/r/blobs/${digestOf('x')}`,
    '/v2/r/tags/list',
    '/v2/_catalog?n=x',
    '/v2/r/referrers/x',
    '/v2/R/manifests/v1',
    '/v2/r/manifests/sha256:x',
    '/v2/nothing',
  ]) {
    const [get, head] = [await server.call('GET', path), await server.call('HEAD', path)]
    assert.equal(head.status, get.status)
    for (const name of ['content-type', 'content-length']) assert.equal(head.headers[name], get.headers[name])
  }
})
