import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { descriptor, image, newBlob, octets, type Content } from '../http/content.ts'
import { outcome } from '../http/in-process.ts'
import { http, type HttpResponse } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { inject, threadsOf } from './inject.ts'
import { filesBelow } from './victim.ts'

/** The real process on a store that fails, as disks do. */

const emptyConfig: Content = {
  content: Buffer.from('{}'),
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
}

class Client {
  readonly #url: string

  constructor(registry: RunningRegistry) {
    this.#url = registry.url
  }

  async call(method: string, path: string, body?: Uint8Array, type?: string): Promise<HttpResponse> {
    const headers = type === undefined ? octets : { 'Content-Type': type }
    const answer = await http(method, this.#url + path, { headers, ...(body && { body }) })
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0')
    return answer
  }

  async post({ content, digest }: Content): Promise<HttpResponse> {
    return await this.call('POST', `/v2/r/blobs/uploads/?digest=${digest}`, content)
  }

  async start(): Promise<string> {
    const answer = await this.call('POST', '/v2/r/blobs/uploads/')
    assert.equal(answer.status, 202, answer.body.toString())
    return new URL(String(answer.headers.location)).pathname
  }

  async put(blob: Content): Promise<HttpResponse> {
    return await this.call('PUT', `${await this.start()}?digest=${blob.digest}`, blob.content)
  }

  async patch(blob: Content): Promise<HttpResponse> {
    return await this.call('PATCH', await this.start(), blob.content)
  }

  async manifest(blob: Content, tag: string): Promise<HttpResponse> {
    const { content, mediaType } = image({ layers: [descriptor(blob)] })
    return await this.call('PUT', `/v2/r/manifests/${tag}`, content, mediaType)
  }

  async checkBlob(blob: Content, isThere: boolean): Promise<void> {
    const get = await this.call('GET', `/v2/r/blobs/${blob.digest}`)
    assert.equal(get.status, isThere ? 200 : 404)
    if (isThere) assert.ok(get.body.equals(blob.content))
  }
}

/** Mounts a file system in memory, which the end of the test takes away. */
async function mountTmpfs(t: TestContext, options: string): Promise<string> {
  const folder = join(temporaryFolder(t).path, 'disk')
  mkdirSync(folder)
  await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  return folder
}

/** Half-written files, wherever they may be. */
function partial(root: string): string[] {
  return filesBelow(root).filter((path) => path.startsWith('_berth/tmp/') || path.includes('/parts/'))
}

void test('a disk that is full', async (t) => {
  if (!requireRoot(t)) return
  const root = await mountTmpfs(t, 'size=4m')
  const registry = await startRegistry({ kind: 'berth', root }, t)
  const client = new Client(registry)
  const [small, large] = [newBlob(100_000), newBlob(6_000_000)]
  assert.equal((await client.post(emptyConfig)).status, 201)

  for (const way of ['post', 'put', 'patch'] as const) {
    await t.test(`${way}: 507, nothing left of it, and a smaller one fits`, async () => {
      const answer = await client[way](large)
      assert.equal(outcome(answer), '507 UNAVAILABLE')
      assert.doesNotMatch(answer.body.toString(), /ENOSPC|_berth|berth-test/, 'no paths for clients')
      assert.deepEqual(partial(root), [])
      await client.checkBlob(large, false)
      assert.equal((await client.post(small)).status, 201)
      await client.checkBlob(small, true)
    })
  }

  await t.test('the log names the path and the cause', () => {
    assert.match(registry.output(), /ENOSPC/)
    assert.ok(registry.output().includes(root))
  })

  await t.test('to its last byte: reads go on, and pushes do once there is room', async () => {
    const filler = join(root, 'filler')
    for (const size of [1_000_000, 100_000, 4096, 1]) {
      try {
        for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' })
      } catch {
        // Full, as far as pieces of this size go.
      }
    }
    const blob = newBlob(200_000)
    for (const answer of [await client.post(blob), await client.manifest(small, 'full')]) {
      assert.equal(outcome(answer), '507 UNAVAILABLE')
    }
    assert.equal((await client.call('GET', '/v2/')).status, 200)
    await client.checkBlob(small, true)
    assert.equal((await client.call('GET', '/v2/r/manifests/full')).status, 404)
    assert.deepEqual(partial(root), [])
    rmSync(filler)
    assert.equal((await client.post(blob)).status, 201)
    assert.equal((await client.manifest(blob, 'full')).status, 201)
    assert.equal((await client.call('GET', '/v2/r/manifests/full')).status, 200)
  })
})

void test('a disk without inodes', async (t) => {
  if (!requireRoot(t)) return
  const root = await mountTmpfs(t, 'size=10m,nr_inodes=60')
  const client = new Client(await startRegistry({ kind: 'berth', root }, t))
  let answer: HttpResponse
  let pushed = 0
  do {
    answer = await client.post(newBlob(100))
    pushed++
  } while (answer.status === 201 && pushed < 100)
  assert.equal(outcome(answer), '507 UNAVAILABLE')
  assert.deepEqual(partial(root), [])
  assert.equal((await client.call('GET', '/v2/')).status, 200)
})

void test('a disk that turns read-only', async (t) => {
  if (!requireRoot(t)) return
  const root = await mountTmpfs(t, 'size=20m')
  const client = new Client(await startRegistry({ kind: 'berth', root }, t))
  const [before, after] = [newBlob(100_000), newBlob(100_000)]
  assert.equal((await client.post(emptyConfig)).status, 201)
  assert.equal((await client.post(before)).status, 201)
  const upload = await client.start()
  await run('mount', ['-o', 'remount,ro', root])
  try {
    const answers = [
      await client.post(after),
      await client.call('POST', '/v2/r/blobs/uploads/'),
      await client.call('PATCH', upload, after.content),
      await client.call('PUT', `${upload}?digest=${after.digest}`, after.content),
      await client.call('DELETE', upload),
      await client.manifest(before, 'ro'),
    ]
    for (const answer of answers) {
      assert.equal(outcome(answer), '503 UNAVAILABLE')
      assert.ok(Number(answer.headers['retry-after']) > 0)
    }
    await client.checkBlob(before, true)
    await client.checkBlob(after, false)
    assert.equal((await client.call('GET', `/v2/r/referrers/${after.digest}`)).status, 200)
  } finally {
    await run('mount', ['-o', 'remount,rw', root])
  }
  assert.equal((await client.put(after)).status, 201)
  assert.equal((await client.manifest(after, 'rw')).status, 201)
})

void test('a disk that is read-only from the start', async (t) => {
  if (!requireRoot(t)) return
  const root = await mountTmpfs(t, 'size=1m,ro')
  await assert.rejects(startRegistry({ kind: 'berth', root }), /cannot write to the storage at .*disk/)
  const maintenance = { readonly: { enabled: true } }
  const registry = await startRegistry({ kind: 'berth', root, config: { storage: { maintenance } } }, t)
  const client = new Client(registry)
  assert.equal((await client.call('GET', '/v2/_catalog')).status, 200)
  assert.equal(outcome(await client.call('POST', '/v2/r/blobs/uploads/')), '405 UNSUPPORTED')
})

void test('a disk that fails', async (t) => {
  if (!requireProgram(t, 'strace') || !requireRoot(t)) return
  const registry = await startRegistry({ kind: 'berth', env: { UV_THREADPOOL_SIZE: '4' } }, t)
  const { root, pid } = registry
  const client = new Client(registry)
  assert.equal((await client.post(emptyConfig)).status, 201)

  for (const [what, expected] of [
    ['fsync:error=EIO', '503 UNAVAILABLE'],
    ['fsync:error=ENOSPC', '507 UNAVAILABLE'],
    ['fsync:error=EDQUOT', '507 UNAVAILABLE'],
    ['rename:error=EIO', '503 UNAVAILABLE'],
    ['rename:error=EACCES', '503 UNAVAILABLE'],
  ] as const) {
    await t.test(`${what}: ${expected}, and the next push works when it has passed`, async () => {
      const [one, two, layer] = [newBlob(300_000), newBlob(300_000), newBlob(1000)]
      assert.equal((await client.post(layer)).status, 201)
      const path = await client.start()
      const before = filesBelow(root)
      const fault = await inject(pid, what)
      try {
        const answers = [
          await client.post(one),
          await client.call('PUT', `${path}?digest=${two.digest}`, two.content),
          await client.manifest(layer, 'failed'),
        ]
        for (const answer of answers) assert.equal(outcome(answer), expected)
        assert.equal((await client.call('GET', '/v2/')).status, 200)
      } finally {
        await fault.detach()
      }
      assert.deepEqual(partial(root), [], 'no half object')
      assert.equal((await client.call('GET', '/v2/r/manifests/failed')).status, 404)
      await client.checkBlob(one, false)
      await client.checkBlob(two, false)
      // What was renamed before the fsync of its folder failed may lie there, whole; but no link to it.
      const added = filesBelow(root).filter((file) => !before.includes(file))
      assert.deepEqual(
        added.filter((file) => !file.startsWith('docker/registry/v2/blobs/')),
        [],
      )
      assert.equal((await client.post(one)).status, 201)
      assert.equal((await client.call('PUT', `${path}?digest=${two.digest}`, two.content)).status, 201)
      assert.equal((await client.manifest(layer, 'failed')).status, 201)
      await client.checkBlob(one, true)
      await client.checkBlob(two, true)
      assert.equal((await client.call('DELETE', '/v2/r/manifests/failed')).status, 405)
      rmSync(join(root, 'docker/registry/v2/repositories/r/_manifests'), { recursive: true })
    })
  }

  await t.test('reads that fail: 503, never 404, for a client would push again or give up', async () => {
    const blob = newBlob(300_000)
    assert.equal((await client.post(blob)).status, 201)
    // The main thread does not read files of the store.
    const others = threadsOf(pid).filter((id) => id !== String(pid))
    const fault = await inject(pid, 'openat:error=EIO', others)
    try {
      for (const path of ['/v2/r/manifests/unseen', `/v2/s/blobs/${blob.digest}`]) {
        assert.equal(outcome(await client.call('GET', path)), '503 UNAVAILABLE', path)
      }
    } finally {
      await fault.detach()
    }
    await client.checkBlob(blob, true)
  })
})

void test('links of no bytes, or of nonsense', async (t) => {
  const registry = await startRegistry(
    { kind: 'berth', config: { storage: { delete: { enabled: true } } } },
    t,
  )
  const client = new Client(registry)
  const blob = newBlob(1000)
  const manifest = image({ layers: [descriptor(blob)] })
  const push = async (): Promise<void> => {
    for (const each of [emptyConfig, blob]) assert.equal((await client.put(each)).status, 201)
    assert.equal((await client.manifest(blob, 'v1')).status, 201)
  }
  await push()
  await client.manifest(blob, 'v2')
  const repository = join(registry.root, 'docker/registry/v2/repositories/r')
  const links = {
    layer: join(repository, '_layers', blob.digest.replace(':', '/'), 'link'),
    revision: join(repository, '_manifests/revisions', manifest.digest.replace(':', '/'), 'link'),
    tag: join(repository, '_manifests/tags/v1/current/link'),
  }
  for (const [name, link] of Object.entries(links)) {
    for (const [what, content] of Object.entries({
      'no bytes': '',
      nonsense: 'x'.repeat(71),
      'a line feed too many': `${readFileSync(link, 'latin1')}\n`,
      'half of it': readFileSync(link, 'latin1').slice(0, 40),
      megabytes: 'x'.repeat(5_000_000),
    })) {
      await t.test(`${name}: ${what}`, async (sub) => {
        const sound = readFileSync(link, 'latin1')
        sub.after(() => {
          writeFileSync(link, sound)
        })
        writeFileSync(link, content)
        // What was found lately is remembered for some seconds, so HEAD and tags are asked, which look afresh.
        const head = await client.call('HEAD', `/v2/r/blobs/${blob.digest}`)
        const tag = await client.call('HEAD', '/v2/r/manifests/v1')
        assert.equal(head.status, name === 'layer' ? 404 : 200)
        assert.equal(tag.status, name === 'tag' ? 404 : 200)
        assert.equal((await client.call('GET', '/v2/r/tags/list')).status, 200)
        assert.equal((await client.call('GET', '/v2/_catalog')).status, 200)
        assert.equal((await client.call('GET', `/v2/r/referrers/${blob.digest}`)).status, 200)
        await push()
        assert.equal(readFileSync(link, 'latin1'), sound, 'repaired by the next push')
      })
    }
  }

  await t.test('one bad tag does not keep a manifest from being deleted', async () => {
    writeFileSync(links.tag, '')
    assert.equal((await client.call('DELETE', `/v2/r/manifests/${manifest.digest}`)).status, 202)
    assert.equal((await client.call('HEAD', '/v2/r/manifests/v2')).status, 404)
    assert.ok(!existsSync(dirname(links.revision)) || !existsSync(links.revision))
  })
})
