import assert from 'node:assert/strict'
import { digestOf, seededBytes } from '../support/seeded.ts'
import type { Answer, Client } from './client.ts'

const octets = { 'Content-Type': 'application/octet-stream' }
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const accept = { Accept: manifestType }

/**
 * Pushes an image by following every `Location`, pulls it by following them too, and pages through the lists by following every
 * `Link`: all that a client relies on, through whatever stands in front.
 *
 * @param base of the registry as clients see it, such as `https://registry.example.com/registry`
 * @returns all `Location`s, with what is new in each replaced by its name, and the query left out
 */
export async function exercise(client: Client, base: string): Promise<Readonly<Record<string, string>>> {
  const locations: Record<string, string> = {}
  /** Notes where an answer leads, and gives the URL as a client makes it out (RFC 9110, 10.2.2). */
  const follow = (name: string, answer: Answer, from: string | URL): URL => {
    const location = answer.headers.location
    assert.ok(location !== undefined, `${name}: no Location`)
    locations[name] = location
      .replace(/\?.*$/, '')
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'UUID')
      .replace(/sha256:[0-9a-f]{64}/, 'DIGEST')
    return new URL(location, from)
  }
  const pushBlob = async (content: Buffer): Promise<string> => {
    const digest = digestOf(content)
    const begin = `${base}/v2/team/app/blobs/uploads/`
    const started = follow('start', await client.expect(202, 'POST', begin, { body: '' }), begin)
    const patch = await client.expect(202, 'PATCH', started, { headers: octets, body: content })
    const patched = follow('patch', patch, started)
    patched.searchParams.set('digest', digest)
    const put = follow(
      'put',
      await client.expect(201, 'PUT', patched, { headers: octets, body: '' }),
      patched,
    )
    const back = await client.expect(200, 'GET', put)
    assert.equal(digestOf(back.body), digest)
    return digest
  }

  const layer = seededBytes(base, 100_000)
  const layerDigest = await pushBlob(layer)
  const config = Buffer.from('{}')
  const configDigest = await pushBlob(config)
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: config.length,
    },
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layerDigest, size: layer.length },
    ],
  })
  for (const digest of [layerDigest, configDigest]) {
    const mount = `${base}/v2/team/lib/blobs/uploads/?mount=${digest}&from=team/app`
    const mounted = follow('mount', await client.expect(201, 'POST', mount, { body: '' }), mount)
    await client.expect(200, 'HEAD', mounted)
  }
  for (const [repository, tag] of [
    ['team/app', 'one'],
    ['team/app', 'two'],
    ['team/lib', 'one'],
  ] as const) {
    const url = `${base}/v2/${repository}/manifests/${tag}`
    const headers = { 'Content-Type': manifestType }
    const put = await client.expect(201, 'PUT', url, { headers, body: manifest })
    const stored = follow('manifest', put, url)
    const byDigest = await client.expect(200, 'GET', stored, { headers: accept })
    assert.equal(byDigest.body.toString(), manifest)
    const byTag = await client.expect(200, 'GET', url, { headers: accept })
    assert.equal(byTag.headers['docker-content-digest'], digestOf(manifest))
  }

  const tags = await pages(client, `${base}/v2/team/app/tags/list?n=1`, 'tags')
  assert.deepEqual(tags, ['one', 'two'])
  const repositories = await pages(client, `${base}/v2/_catalog?n=1`, 'repositories')
  assert.deepEqual(repositories, ['team/app', 'team/lib'])

  const part = await client.expect(206, 'GET', `${base}/v2/team/app/blobs/${layerDigest}`, {
    headers: { Range: 'bytes=1000-1999' },
  })
  assert.deepEqual(part.body, layer.subarray(1000, 2000))
  return locations
}

/** Where the `Location`s of `exercise` should lead, if the registry lies there. */
export function expectedLocations(root: string): Readonly<Record<string, string>> {
  return {
    start: `${root}/v2/team/app/blobs/uploads/UUID`,
    patch: `${root}/v2/team/app/blobs/uploads/UUID`,
    put: `${root}/v2/team/app/blobs/DIGEST`,
    mount: `${root}/v2/team/lib/blobs/DIGEST`,
    manifest: `${root}/v2/team/lib/manifests/DIGEST`,
  }
}

async function pages(client: Client, first: string, key: 'tags' | 'repositories'): Promise<string[]> {
  const names: string[] = []
  for (let url: URL | undefined = new URL(first); url !== undefined;) {
    const { body, headers } = await client.expect(200, 'GET', url)
    const list = JSON.parse(body.toString()) as Record<typeof key, string[] | null>
    names.push(...(list[key] ?? []))
    const link = /^<([^>]+)>; rel="next"$/.exec(String(headers.link))?.[1]
    url = link === undefined ? undefined : new URL(link, url)
  }
  return names
}
