import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDriver } from '../create-driver.ts'
import { storagePath, type StorageDriver, type UrlUse } from '../driver.ts'
import { redirecting } from './redirect.ts'
import { rewriting, type RewriteOptions } from './rewrite.ts'
import { withUrl } from './with-url.ts'

const path = storagePath('docker/registry/v2/blobs/sha256/ab/ab/data')
const get: UrlUse = { method: 'GET', expires: 1200 }

/** A store in memory that gives this URL. */
async function storeAt(url: string): Promise<StorageDriver> {
  return withUrl(await createDriver({ kind: 'inmemory' }), async () => new URL(url))
}

async function urlOf(driver: StorageDriver): Promise<string | undefined> {
  return (await driver.signedUrl?.(path, get))?.href
}

describe('a store whose clients are sent elsewhere', () => {
  it('is the same store for everything else', async () => {
    const inner = await createDriver({ kind: 'inmemory' })
    const driver = redirecting(inner, { baseUrl: 'https://a' })
    await driver.write(path, Buffer.from('one'))
    assert.equal((await driver.read(path))?.toString(), 'one')
    assert.equal((await inner.read(path))?.toString(), 'one')
    const all = Object.keys(driver).toSorted()
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(inner)).filter(
      (name) => name !== 'constructor',
    )
    assert.deepEqual(
      all.filter((name) => !['signedUrl', 'name'].includes(name)),
      methods.toSorted(),
    )
  })

  it('keeps what its driver can besides', async () => {
    const calls: string[] = []
    const inner: StorageDriver = {
      ...redirecting(await createDriver({ kind: 'inmemory' }), { baseUrl: 'https://a' }),
      concatenate: async () => void calls.push('concatenate'),
      objectKey: (of) => `root/${of}`,
    }
    const driver = rewriting(inner, { host: 'b' })
    await driver.concatenate?.([], path)
    assert.deepEqual(calls, ['concatenate'])
    assert.equal(driver.objectKey?.(path), `root/${path}`)
    const plain = redirecting(await createDriver({ kind: 'inmemory' }), { baseUrl: 'https://a' })
    assert.ok(!('concatenate' in plain))
  })
})

describe('redirect', () => {
  const urls: readonly (readonly [base: string, url: string])[] = [
    ['https://cdn.example:5443', `https://cdn.example:5443/${path}`],
    ['http://cdn.example/path', `http://cdn.example/path/${path}`],
    ['https://cdn.example/path/', `https://cdn.example/path/${path}`],
    ['https://me:pw@cdn.example/?a#b', `https://cdn.example/${path}`],
  ]
  for (const [baseUrl, url] of urls) {
    it(`makes ${url} of ${baseUrl}`, async () => {
      assert.equal(await urlOf(redirecting(await createDriver({ kind: 'inmemory' }), { baseUrl })), url)
    })
  }
})

describe('rewrite', () => {
  const given = 'http://some.host:9000/bucket/a%20b/data?X-Amz-Signature=1%2F2&b'
  const changes: readonly (readonly [options: RewriteOptions, url: string])[] = [
    [{}, given],
    [{ scheme: 'https' }, 'https://some.host:9000/bucket/a%20b/data?X-Amz-Signature=1%2F2&b'],
    // Not the old port.
    [{ host: 'cdn.example' }, 'http://cdn.example/bucket/a%20b/data?X-Amz-Signature=1%2F2&b'],
    [
      { scheme: 'https', host: 'cdn.example:8443' },
      'https://cdn.example:8443/bucket/a%20b/data?X-Amz-Signature=1%2F2&b',
    ],
    [{ trimPathPrefix: '/bucket' }, 'http://some.host:9000/a%20b/data?X-Amz-Signature=1%2F2&b'],
    // A path begins with a slash, whatever is taken away.
    [{ trimPathPrefix: '/bucket/' }, 'http://some.host:9000/a%20b/data?X-Amz-Signature=1%2F2&b'],
    [{ trimPathPrefix: '/bucket/a b' }, 'http://some.host:9000/data?X-Amz-Signature=1%2F2&b'],
    [{ trimPathPrefix: '/other' }, given],
    [{ trimPathPrefix: 'bucket' }, given],
  ]
  for (const [options, url] of changes) {
    it(`makes ${url} by ${JSON.stringify(options)}`, async () => {
      assert.equal(await urlOf(rewriting(await storeAt(given), options)), url)
    })
  }

  it('takes nothing from the beginning of a host for a path', async () => {
    assert.equal(
      await urlOf(rewriting(await storeAt('http://a/b//evil/c'), { trimPathPrefix: '/b' })),
      'http://a//evil/c',
    )
  })

  it('makes no URL where there is none', async () => {
    assert.ok(!('signedUrl' in rewriting(await createDriver({ kind: 'inmemory' }), { host: 'a' })))
    const without = withUrl(await createDriver({ kind: 'inmemory' }), async () => undefined)
    assert.equal(await urlOf(rewriting(without, { host: 'a' })), undefined)
  })
})
