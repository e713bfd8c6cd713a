import assert from 'node:assert/strict'
import { createVerify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cleaner } from '../support/at-exit.ts'
import { http } from '../support/http.ts'
import { makeKeyPair } from '../support/key-pair.ts'
import { startRegistry, type RegistryKind } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { blobKey, locationOf, pushBlob, rootDirectory, startBucket } from './setting.ts'

const content = Buffer.alloc(200_000, 'some bytes ')
const digest = digestOf(content)
const path = `/v2/team/app/blobs/${digest}`
const kinds = ['berth', 'distribution3'] as const

function storageMiddleware(name: string, options: Readonly<Record<string, unknown>>): object {
  return { storage: [{ name, options }] }
}

/** A server that answers by path. */
async function serve(t: Cleaner, answer: (path: string) => Buffer | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '')
    response.writeHead(body === undefined ? 404 : 200).end(request.method === 'HEAD' ? undefined : body)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

void test('redirect sends clients to another server, from every driver', async (t) => {
  const folder = temporaryFolder(t).path
  const root = join(folder, 'root')
  const cdn = await serve(t, (at) =>
    at.startsWith('/p/') ? readFileSync(join(root, at.slice(3))) : undefined,
  )
  const middleware = storageMiddleware('redirect', { baseurl: `${cdn}/p/` })
  const registry = await startRegistry({ kind: 'berth', root, config: { middleware } }, t)
  await pushBlob(registry.url, 'team/app', content)
  for (const method of ['GET', 'HEAD']) {
    const url = locationOf(await http(method, registry.url + path))
    assert.equal(url.href, `${cdn}/p/${blobKey(digest)}`)
    assert.equal((await http(method, url.href)).status, 200)
  }
  assert.equal(digestOf((await http('GET', `${cdn}/p/${blobKey(digest)}`)).body), digest)
  await registry.stop()

  const unused = { storage: [{ name: 'redirect', disabled: true }] }
  for (const config of [{ middleware: unused }, { middleware, storage: { redirect: { disable: true } } }]) {
    const plain = await startRegistry({ kind: 'berth', root, config }, t)
    assert.equal(digestOf((await http('GET', plain.url + path)).body), digest)
    await plain.stop()
  }
})

void test('storage middleware on S3', async (t) => {
  if (!requireProgram(t, 'versitygw', 'distribution3')) return
  const { storage, bucket, host } = await startBucket(t)
  const filler = await startRegistry({ kind: 'berth', config: { storage } }, t)
  await pushBlob(filler.url, 'team/app', content)
  await filler.stop()
  const start = (
    kind: RegistryKind,
    middleware: object,
    more: object = {},
  ): ReturnType<typeof startRegistry> => startRegistry({ kind, config: { storage, middleware, ...more } }, t)
  const askBoth = async (middleware: object, headers = {}): Promise<[URL, URL]> => {
    const [ours, theirs] = await Promise.all(
      kinds.map(async (kind) => {
        const registry = await start(kind, middleware)
        const url = locationOf(await http('GET', registry.url + path, { headers }))
        await registry.stop()
        return url
      }),
    )
    return [ours ?? assert.fail(), theirs ?? assert.fail()]
  }

  await t.test("rewrite changes the store's URL as Distribution does", async () => {
    const options = { scheme: 'https', host: 'cdn.example', trimpathprefix: `/${bucket}` }
    const [ours, theirs] = await askBoth(storageMiddleware('rewrite', options))
    assert.equal(ours.origin + ours.pathname, `https://cdn.example/${rootDirectory}/${blobKey(digest)}`)
    assert.equal(theirs.origin + theirs.pathname, ours.origin + ours.pathname)
    assert.ok(ours.searchParams.has('X-Amz-Signature'))
  })

  const { privateKey, publicKey } = makeKeyPair(2048)
  const privatekey = join(temporaryFolder(t).path, 'key.pem')
  writeFileSync(privatekey, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const ranges = await serve(t, () =>
    Buffer.from(
      JSON.stringify({
        prefixes: [
          { ip_prefix: '203.0.113.0/24', region: 'us-east-1', service: 'EC2' },
          { ip_prefix: '198.51.100.0/24', region: 'eu-west-1', service: 'EC2' },
        ],
        ipv6_prefixes: [],
      }),
    ),
  )
  const options = {
    baseurl: 'd111.cloudfront.net',
    privatekey,
    keypairid: 'K1',
    duration: '90s',
    ipfilteredby: 'awsregion',
    awsregion: 'US-EAST-1',
    iprangesurl: ranges,
  }
  const isSigned = (url: URL): boolean => {
    const [resource = ''] = url.href.split('?')
    const signature = (url.searchParams.get('Signature') ?? '').replaceAll('-', '+').replaceAll('_', '=')
    const expires = url.searchParams.get('Expires')
    const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`
    return createVerify('sha1').update(policy).verify(publicKey, signature.replaceAll('~', '/'), 'base64')
  }

  await t.test('cloudfront signs as Distribution does', async () => {
    const [ours, theirs] = await askBoth(
      storageMiddleware('cloudfront', { ...options, ipfilteredby: 'none' }),
    )
    for (const url of [ours, theirs]) {
      assert.equal(
        url.origin + url.pathname,
        `https://d111.cloudfront.net/${rootDirectory}/${blobKey(digest)}`,
      )
      assert.deepEqual([...url.searchParams.keys()].toSorted(), ['Expires', 'Key-Pair-Id', 'Signature'])
      const left = Number(url.searchParams.get('Expires')) - Date.now() / 1000
      assert.ok(left > 60 && left <= 91, `${left} s`)
      assert.ok(isSigned(url))
    }
  })

  await t.test("and leaves the clients that come from Amazon's regions to S3", async () => {
    const registry = await start('berth', storageMiddleware('cloudfront', options))
    const hostFor = async (client: string): Promise<string> =>
      locationOf(await http('GET', registry.url + path, { headers: { 'X-Forwarded-For': client } })).host
    // The list is read while others are served already.
    for (let tries = 0; (await hostFor('203.0.113.7')) !== host; tries++) {
      assert.ok(tries < 200, 'the list is not read')
      await delay(50)
    }
    assert.equal(await hostFor('198.51.100.7'), 'd111.cloudfront.net')
    assert.equal(await hostFor('192.0.2.1'), 'd111.cloudfront.net')
    await registry.stop()
    assert.ok(!/signature|x-amz/i.test(registry.output()))
  })

  await t.test('unless whoever says so is no proxy of ours', async () => {
    const all = { ...options, ipfilteredby: 'aws' }
    const more = { http: { trustedproxies: ['192.0.2.1'] } }
    const registry = await start('berth', storageMiddleware('cloudfront', all), more)
    await delay(500)
    const claimed = { headers: { 'X-Forwarded-For': '198.51.100.7' } }
    assert.equal(locationOf(await http('GET', registry.url + path, claimed)).host, 'd111.cloudfront.net')
  })

  await t.test('is named with what is wrong with it', async () => {
    const missing = storageMiddleware('cloudfront', { ...options, privatekey: '/nowhere/key.pem' })
    await assert.rejects(start('berth', missing), (error: Error) => {
      assert.match(
        error.message,
        /middleware\.storage\[0\] \(cloudfront\): privatekey \/nowhere\/key\.pem: no such file/,
      )
      assert.doesNotMatch(error.message, / at .*\.js:\d/)
      return true
    })
  })
})

void test('storage middleware for another driver is passed over with a warning', async (t) => {
  const options = { baseurl: 'a', privatekey: '/nowhere', keypairid: 'a', keyname: 'a' }
  const storage = ['cloudfront', 'googlecdn'].map((name) => ({ name, options }))
  const registry = await startRegistry({ kind: 'berth', config: { middleware: { storage } } }, t)
  await pushBlob(registry.url, 'team/app', content)
  assert.equal((await http('GET', registry.url + path)).status, 200)
  for (const name of ['cloudfront', 'googlecdn'])
    assert.match(registry.output(), new RegExp(`level=warning.*without effect.*middleware=${name}`))
})
