import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { pattern } from '../../src/storage/contract/support.ts'
import { storagePath, type StorageDriver } from '../../src/storage/driver.ts'
import { drain, mapAhead } from '../../src/util/iterables.ts'
import { http } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'

const mib = 1024 ** 2

/** What a client does with a registry, and how long its lists are. */
export interface Scenario {
  readonly title: string
  /** Puts into the store what the client would have pushed, which would take too long. */
  readonly prepare?: (store: StorageDriver) => Promise<void>
  /** Done once uncounted: what is remembered for seconds may be forgotten since the scenario before. */
  readonly isAgain?: true
  /** @param url of the registry */
  readonly run: (url: string) => Promise<void>
  /** A push, for which the store must be asked at most half as often as by Distribution. */
  readonly isPush?: boolean
  /** Requests to the store that Berth may make. */
  readonly most: number
}

interface Descriptor {
  readonly digest: string
  readonly size: number
}

/** Bytes that nobody stored before. */
function fresh(size: number): { readonly content: Buffer; readonly blob: Descriptor } {
  const content = pattern(size, randomInt(2 ** 31))
  return { content, blob: { digest: digestOf(content), size } }
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function at(url: string, location: string | undefined, digest?: string): string {
  const found = new URL(location ?? '', url)
  if (digest !== undefined) found.searchParams.set('digest', digest)
  return found.href
}

async function begin(url: string, name: string): Promise<string> {
  const begun = await http('POST', `${url}/v2/${name}/blobs/uploads/`)
  assert.equal(begun.status, 202)
  return at(url, begun.headers.location)
}

/** As docker, containerd and podman push. */
export async function pushBlob(
  url: string,
  name: string,
  content: Buffer,
  chunk: number = content.length,
): Promise<Descriptor> {
  let location = await begin(url, name)
  for (let start = 0; start < content.length; start += chunk) {
    const body = content.subarray(start, start + chunk)
    const range = `${start}-${start + body.length - 1}`
    const headers = chunk < content.length ? { 'Content-Range': range } : {}
    const sent = await http('PATCH', location, { body, headers })
    assert.equal(sent.status, 202, sent.body.toString())
    location = at(url, sent.headers.location)
  }
  const digest = digestOf(content)
  const done = await http('PUT', at(url, location, digest))
  assert.equal(done.status, 201, done.body.toString())
  return { digest, size: content.length }
}

function manifestOf(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, ...config },
      layers: layers.map((layer) => ({ mediaType: mediaTypes.ociLayer, ...layer })),
    }),
  )
}

async function putManifest(url: string, name: string, tag: string, content: Buffer): Promise<void> {
  const headers = { 'Content-Type': mediaTypes.ociManifest }
  const put = await http('PUT', `${url}/v2/${name}/manifests/${tag}`, { body: content, headers })
  assert.equal(put.status, 201, put.body.toString())
}

async function expect(status: number, method: string, url: string): Promise<Buffer> {
  const answer = await http(method, url, { headers: { Accept: mediaTypes.ociManifest } })
  assert.equal(answer.status, status, `${method} ${url}`)
  return answer.body
}

const name = 'team/app'

/** In their order: later ones find what earlier ones pushed. */
export function scenarios(tags: number, repositories: number): readonly Scenario[] {
  const absent = `sha256:${'0'.repeat(64)}`
  const blobs: Descriptor[] = []
  let manifest: Buffer = Buffer.alloc(0)
  const push =
    (size: number, chunk?: number) =>
    async (url: string): Promise<void> => {
      const blob = await pushBlob(url, name, fresh(size).content, chunk)
      if (size < mib) blobs.push(blob)
    }
  const put =
    (layers: number, tag: string) =>
    async (url: string): Promise<void> => {
      const [config, ...others] = blobs.slice(-6)
      assert.ok(config)
      manifest = manifestOf(config, others.slice(0, layers))
      await putManifest(url, name, tag, manifest)
    }
  const blobUrl = (url: string, index = -1): string => `${url}/v2/${name}/blobs/${blobs.at(index)?.digest}`
  return [
    {
      title: 'HEAD of a blob that is absent',
      most: 1,
      run: async (url) => void (await expect(404, 'HEAD', `${url}/v2/${name}/blobs/${absent}`)),
    },
    { title: 'push of 100 KiB: POST, PATCH, PUT', isPush: true, most: 9, run: push(100 * 1024) },
    { title: 'push of 1 MiB: POST, PATCH, PUT', isPush: true, most: 9, run: push(mib) },
    { title: 'push of 64 MiB: POST, PATCH, PUT', isPush: true, most: 20, run: push(64 * mib) },
    { title: 'push of 12 MiB in chunks of 6 MiB', isPush: true, most: 16, run: push(12 * mib, 6 * mib) },
    { title: 'push of 4 MiB in chunks of 1 MiB', isPush: true, most: 25, run: push(4 * mib, mib) },
    {
      title: 'push of 1 MiB: POST, PUT with the bytes',
      isPush: true,
      most: 5,
      async run(url) {
        const { content, blob } = fresh(mib)
        const done = await http('PUT', at(url, await begin(url, name), blob.digest), { body: content })
        assert.equal(done.status, 201)
      },
    },
    {
      title: 'HEAD of a blob that is there',
      most: 2,
      run: async (url) => void (await expect(200, 'HEAD', blobUrl(url))),
    },
    {
      title: 'mount of a blob',
      most: 3,
      async run(url) {
        const query = `mount=${blobs[0]?.digest}&from=${name}`
        const done = await http('POST', `${url}/v2/team/other/blobs/uploads/?${query}`)
        assert.equal(done.status, 201)
      },
    },
    ...[2, 3, 4, 5, 6].map((index) => ({
      title: `push of ${index} bytes more than 100 KiB`,
      isPush: true,
      most: 9,
      run: push(100 * 1024 + index),
    })),
    {
      title: 'push of an image: two blobs looked for and pushed, manifest by a new tag',
      isPush: true,
      most: 29,
      async run(url) {
        const pushed: Descriptor[] = []
        for (const size of [2_000, 200_000]) {
          const { content, blob } = fresh(size)
          await expect(404, 'HEAD', `${url}/v2/team/image/blobs/${blob.digest}`)
          pushed.push(await pushBlob(url, 'team/image', content))
        }
        const [config, layer] = pushed as [Descriptor, Descriptor]
        await putManifest(url, 'team/image', 'latest', manifestOf(config, [layer]))
      },
    },
    { title: 'PUT of a manifest with one layer by a new tag', most: 9, run: put(1, 'one') },
    { title: 'PUT of a manifest with five layers by a new tag', most: 17, run: put(5, 'five') },
    { title: 'PUT of the same manifest again', most: 17, run: put(5, 'five') },
    {
      title: 'GET of a manifest by tag',
      most: 3,
      run: async (url) => void (await expect(200, 'GET', `${url}/v2/${name}/manifests/one`)),
    },
    {
      title: 'GET of it again',
      most: 1,
      isAgain: true,
      run: async (url) => void (await expect(200, 'GET', `${url}/v2/${name}/manifests/one`)),
    },
    {
      title: 'GET of a manifest by digest',
      most: 2,
      run: async (url) =>
        void (await expect(200, 'GET', `${url}/v2/${name}/manifests/${digestOf(manifest)}`)),
    },
    { title: 'GET of a blob', most: 3, run: async (url) => void (await expect(200, 'GET', blobUrl(url, 0))) },
    {
      title: 'GET of it again',
      most: 1,
      isAgain: true,
      run: async (url) => void (await expect(200, 'GET', blobUrl(url, 0))),
    },
    {
      title: `list of ${tags} tags, 1,000 at a time`,
      most: Math.ceil(tags / 200) + 4,
      async prepare(store) {
        const link = Buffer.from(digestOf(manifest))
        await writeAll(store, tags, (index) => {
          const tag = `${root}/many/tags/_manifests/tags/v${index}`
          return [`${tag}/index/${digestOf(manifest).replace(':', '/')}/link`, `${tag}/current/link`].map(
            (path) => [path, link] as const,
          )
        })
      },
      async run(url) {
        assert.equal(await pages(url, '/v2/many/tags/tags/list', 'tags', tags), tags)
      },
    },
    {
      title: `catalog of ${repositories} repositories, 1,000 at a time`,
      most: repositories * 2 + 100,
      async prepare(store) {
        const digest = digestOf(manifest)
        await writeAll(store, repositories, (index) => {
          const repository = `${root}/catalog/${String.fromCharCode(97 + (index % 26))}/app${index}`
          return [
            [`${repository}/_layers/${digest.replace(':', '/')}/link`, Buffer.from(digest)],
            [`${repository}/_manifests/revisions/${digest.replace(':', '/')}/link`, Buffer.from(digest)],
            [`${repository}/_manifests/tags/latest/current/link`, Buffer.from(digest)],
          ]
        })
      },
      async run(url) {
        assert.ok((await pages(url, '/v2/_catalog', 'repositories', repositories)) >= repositories)
      },
    },
  ]
}

const root = 'docker/registry/v2/repositories'

async function writeAll(
  store: StorageDriver,
  count: number,
  objects: (index: number) => readonly (readonly [string, Buffer])[],
): Promise<void> {
  const writes = mapAhead(Array(count).keys(), 32, async (index) => {
    for (const [path, content] of objects(index)) await store.write(storagePath(path), content)
  })
  await drain(writes)
}

/** Follows the pages of a list, and counts what they hold: `least` at least, where that is less than all. */
async function pages(url: string, path: string, key: string, least: number): Promise<number> {
  let found = 0
  let last = ''
  while (found < least) {
    const body = await expect(200, 'GET', `${url}${path}?n=1000&last=${last}`)
    const names = (JSON.parse(body.toString()) as Record<string, readonly string[]>)[key] ?? []
    if (names.length === 0) break
    found += names.length
    last = names.at(-1) ?? ''
  }
  return found
}
