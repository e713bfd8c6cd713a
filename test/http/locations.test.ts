import assert from 'node:assert/strict'
import test from 'node:test'
import type { HttpResponse } from '../support/http.ts'
import { descriptor, emptyConfig, image, newBlob, octets, withDigest } from './content.ts'
import { nextLink, startApp, type TestServer } from './in-process.ts'

/** The `Location`s of a whole push, with what is new in each request replaced by its name. */
async function push(
  server: TestServer,
  prefix: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const locations: Record<string, string> = {}
  const note = (name: string, answer: HttpResponse): void => {
    const location = String(answer.headers.location)
    locations[name] = location
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'UUID')
      .replace(/sha256:[0-9a-f]{64}/, 'DIGEST')
  }
  const blob = newBlob(100)
  const call = (method: string, path: string, body?: Uint8Array): Promise<HttpResponse> =>
    server.call(method, prefix + path, { headers: { ...octets, ...headers }, ...(body && { body }) })

  const start = await call('POST', '/v2/a/b/blobs/uploads/')
  note('start', start)
  const path = `/v2/a/b/blobs/uploads/${String(start.headers['docker-upload-uuid'])}`
  note('patch', await call('PATCH', path, blob.content))
  note('status', await call('GET', path))
  note('put', await call('PUT', withDigest(path, blob.digest)))
  note(
    'post',
    await call('POST', withDigest('/v2/a/b/blobs/uploads/', emptyConfig.digest), emptyConfig.content),
  )
  note('mount', await call('POST', `/v2/a/c/blobs/uploads/?mount=${blob.digest}&from=a/b`))
  const manifest = image({ layers: [descriptor(blob)] })
  const put = await server.call('PUT', `${prefix}/v2/a/b/manifests/latest`, {
    headers: { ...headers, 'Content-Type': manifest.mediaType },
    body: manifest.content,
  })
  note('manifest', put)
  return locations
}

function expected(root: string): Record<string, string> {
  return {
    start: `${root}/v2/a/b/blobs/uploads/UUID`,
    patch: `${root}/v2/a/b/blobs/uploads/UUID`,
    status: `${root}/v2/a/b/blobs/uploads/UUID`,
    put: `${root}/v2/a/b/blobs/DIGEST`,
    post: `${root}/v2/a/b/blobs/DIGEST`,
    mount: `${root}/v2/a/c/blobs/DIGEST`,
    manifest: `${root}/v2/a/b/manifests/DIGEST`,
  }
}

interface Row {
  readonly what: string
  readonly http?: Readonly<Record<string, unknown>>
  /** Of the request's path. */
  readonly prefix?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly root: string
}

const rows: readonly Row[] = [
  {
    what: 'the Host header',
    headers: { Host: 'registry.example:5000' },
    root: 'http://registry.example:5000',
  },
  { what: 'an IPv6 host', headers: { Host: '[::1]:5000' }, root: 'http://[::1]:5000' },
  { what: 'relative', http: { relativeurls: true }, headers: { Host: 'h' }, root: '' },
  {
    what: 'http.host',
    http: { host: 'https://hub.example' },
    headers: { Host: 'h' },
    root: 'https://hub.example',
  },
  {
    what: 'http.host with a port',
    http: { host: 'https://hub.example:8443' },
    root: 'https://hub.example:8443',
  },
  {
    what: 'http.host over all that a request says',
    http: { host: 'https://hub.example', relativeurls: true },
    headers: { 'X-Forwarded-Host': 'x', 'X-Forwarded-Proto': 'http', Forwarded: 'host=y' },
    root: 'https://hub.example',
  },
  {
    what: 'http.host with a path',
    http: { host: 'https://hub.example/reg/' },
    root: 'https://hub.example/reg',
  },
  {
    what: 'http.host with a file name, which is none',
    http: { host: 'https://hub.example/reg' },
    root: 'https://hub.example',
  },
  {
    what: 'a prefix',
    http: { prefix: '/registry/' },
    prefix: '/registry',
    headers: { Host: 'h' },
    root: 'http://h/registry',
  },
  {
    what: 'a prefix, relative',
    http: { prefix: '/registry/', relativeurls: true },
    prefix: '/registry',
    root: '/registry',
  },
  {
    what: 'a prefix and http.host',
    http: { prefix: '/registry/', host: 'https://hub.example' },
    prefix: '/registry',
    root: 'https://hub.example/registry',
  },
  { what: 'X-Forwarded-Proto', headers: { Host: 'h', 'X-Forwarded-Proto': 'https' }, root: 'https://h' },
  {
    what: 'X-Forwarded-Host and -Proto',
    headers: { Host: 'h', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'outer.example:444' },
    root: 'https://outer.example:444',
  },
  {
    what: 'the outermost of several proxies',
    headers: { 'X-Forwarded-Proto': 'https, http', 'X-Forwarded-Host': ' outer.example , inner' },
    root: 'https://outer.example',
  },
  {
    what: 'Forwarded',
    headers: {
      Host: 'h',
      Forwarded: 'for=1.2.3.4;host="outer.example:444";proto=https, for=5.6.7.8;host=inner',
    },
    root: 'https://outer.example:444',
  },
  {
    what: 'Forwarded in upper case, with only a scheme',
    headers: { Host: 'h', Forwarded: 'Proto=HTTPS' },
    root: 'https://h',
  },
  {
    what: 'Forwarded over X-Forwarded-*',
    headers: { Host: 'h', Forwarded: 'host=outer', 'X-Forwarded-Host': 'x', 'X-Forwarded-Proto': 'https' },
    root: 'http://outer',
  },
  {
    what: 'X-Forwarded-* beside a Forwarded that does not parse',
    headers: { Host: 'h', Forwarded: 'host="', 'X-Forwarded-Host': 'x' },
    root: 'http://x',
  },
  {
    what: 'X-Forwarded-Port, and no X-Forwarded-Prefix',
    headers: { Host: 'h', 'X-Forwarded-Port': '444', 'X-Forwarded-Prefix': '/p' },
    root: 'http://h:444',
  },
  {
    what: 'X-Forwarded-Port where the host has one',
    headers: { 'X-Forwarded-Host': 'h:1', 'X-Forwarded-Port': '444' },
    root: 'http://h:1',
  },
  {
    what: 'X-Forwarded-Port of the other scheme, a known mistake of chains of proxies',
    headers: { Host: 'h', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '80' },
    root: 'https://h',
  },
  {
    what: 'a proxy that is trusted',
    http: { trustedproxies: ['127.0.0.0/8'] },
    headers: { Host: 'h', 'X-Forwarded-Host': 'x', 'X-Forwarded-Proto': 'https' },
    root: 'https://x',
  },
  {
    what: 'a peer that is no trusted proxy',
    http: { trustedproxies: ['10.0.0.0/8'] },
    headers: { Host: 'h', 'X-Forwarded-Host': 'x', Forwarded: 'host=y' },
    root: 'http://h',
  },
  {
    what: 'nobody trusted',
    http: { trustedproxies: [] },
    headers: { Host: 'h', 'X-Forwarded-Host': 'x', 'X-Forwarded-Proto': 'https' },
    root: 'http://h',
  },
]

void test('Location', async (t) => {
  for (const { what, http = {}, prefix = '', headers = {}, root } of rows) {
    await t.test(what, async (sub) => {
      const server = await startApp(sub, { http })

      assert.deepEqual(await push(server, prefix, headers), expected(root))
    })
  }

  await t.test('is not built from a host that is none: it is relative then', async (sub) => {
    const server = await startApp(sub)
    for (const headers of [
      { Host: 'evil.example/path' },
      { Host: 'user@evil.example' },
      { Host: 'a b' },
      { Host: 'h', 'X-Forwarded-Host': 'evil.example/x?' },
      { Host: 'h', 'X-Forwarded-Proto': 'javascript' },
      { Host: 'h', 'X-Forwarded-Host': '"><script>' },
      { Host: 'h', Forwarded: 'host="evil/../x"' },
    ] as Record<string, string>[]) {
      const answer = await server.call('POST', '/v2/a/blobs/uploads/', { headers })
      if (answer.status === 400) continue
      assert.equal(answer.status, 202, JSON.stringify(headers))
      assert.match(String(answer.headers.location), /^\/v2\/a\/blobs\/uploads\/[0-9a-f-]{36}$/)
    }
  })
})

void test('a prefix', async (t) => {
  const server = await startApp(t, { http: { prefix: '/registry/' } })
  await push(server, '/registry')
  for (const [path, status] of [
    ['/registry/v2/', 200],
    ['/registry/v2/_catalog', 200],
    ['/registry/v2/a/b/manifests/latest', 200],
    ['/', 200],
    ['/v2/', 404],
    ['/v2/a/b/manifests/latest', 404],
    ['/registryv2/', 404],
    ['/registry', 404],
    ['/registry/', 404],
  ] as const) {
    assert.equal((await server.call('GET', path)).status, status, path)
  }
  const moved = await server.call('GET', '/registry/v2')
  assert.equal(moved.headers.location, '/registry/v2/')
  await t.test('is in every Link', async () => {
    for (const tag of ['one', 'two']) {
      await server.call('PUT', `/registry/v2/a/b/manifests/${tag}`, {
        headers: { 'Content-Type': image().mediaType },
        body: image().content,
      })
    }
    const tags = await server.call('GET', '/registry/v2/a/b/tags/list?n=1')
    assert.equal(nextLink(tags), '/registry/v2/a/b/tags/list?last=latest&n=1')
    assert.equal((await server.call('GET', nextLink(tags) ?? '')).status, 200)
    for (const name of ['c', 'd']) {
      const headers = { 'Content-Type': 'application/vnd.oci.image.index.v1+json' }
      await server.call('PUT', `/registry/v2/${name}/manifests/x`, {
        headers,
        body: '{"schemaVersion":2,"manifests":[]}',
      })
    }
    const catalog = await server.call('GET', '/registry/v2/_catalog?n=1')
    assert.equal(nextLink(catalog), '/registry/v2/_catalog?last=a%2Fb&n=1')
  })
})

void test('Link has the path of http.host, in the place of the prefix', async (t) => {
  for (const [http, prefix, link] of [
    [{ host: 'https://hub.example/reg/' }, '', '/reg/v2/_catalog'],
    [{ host: 'https://hub.example/reg/', prefix: '/inner/' }, '/inner', '/reg/v2/_catalog'],
    [{ host: 'https://hub.example', prefix: '/inner/' }, '/inner', '/inner/v2/_catalog'],
    [{ prefix: '/inner/' }, '/inner', '/inner/v2/_catalog'],
  ] as const) {
    const server = await startApp(t, { http })
    await push(server, prefix)
    const other = image({ layers: [] })
    await server.call('POST', withDigest(`${prefix}/v2/b/blobs/uploads/`, emptyConfig.digest), {
      headers: octets,
      body: emptyConfig.content,
    })
    const put = await server.call('PUT', `${prefix}/v2/b/manifests/latest`, {
      headers: { 'Content-Type': other.mediaType },
      body: other.content,
    })
    assert.equal(put.status, 201)
    const page = await server.call('GET', `${prefix}/v2/_catalog?n=1`)
    assert.match(String(nextLink(page)), new RegExp(`^${link}\\?`))
  }
})
