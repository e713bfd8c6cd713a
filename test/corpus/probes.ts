import { http, type HttpOptions, type HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'
import { describeAnswer, type Observation, type Seen } from './observation.ts'
import { image, seeded } from './seed-store.ts'
import type { Target } from './target.ts'

/** Asks a registry for everything that its configuration may change, and pushes two images to it, once each way. */
export async function probe(target: Target, prefix: string): Promise<Observation> {
  const client = new Prober(target, prefix)
  if (target.authorization !== undefined) await probeWithoutLogin(client)
  await probeRoutes(client)
  await probeSeeded(client)
  await pushWhole(client)
  await pushInChunks(client)
  await probeLists(client)
  await probeForwarded(client)
  await probeDeletes(client)
  return client.seen
}

const repository = 'library/app'
const octets = { 'Content-Type': 'application/octet-stream' }
const accept = { Accept: mediaTypes.ociManifest }

/** Keeps what is answered, under the name of the probe. */
class Prober {
  readonly seen: Map<string, Seen> = new Map<string, Seen>()
  readonly #target: Target
  readonly #prefix: string

  constructor(target: Target, prefix: string) {
    this.#target = target
    this.#prefix = prefix
  }

  /** Whether routes lie below a prefix. */
  get hasPrefix(): boolean {
    return this.#prefix !== ''
  }

  /** @param path below the prefix */
  async ask(name: string, method: string, path: string, options: HttpOptions = {}): Promise<HttpResponse> {
    return await this.askFor(name, method, `${this.#target.origin}${this.#prefix}${path}`, options)
  }

  /** @param path from the root on, or a URL of a `Location` */
  async askFor(name: string, method: string, url: string, options: HttpOptions = {}): Promise<HttpResponse> {
    const { agent, authorization, mask } = this.#target
    const headers = {
      ...(authorization !== undefined && { Authorization: authorization }),
      ...options.headers,
    }
    const answer = await http(method, url, { agent, ...options, headers })
    this.seen.set(name, describeAnswer(method, answer, mask))
    return answer
  }

  async askRoot(
    name: string,
    method: string,
    path: string,
    options: HttpOptions = {},
  ): Promise<HttpResponse> {
    return await this.askFor(name, method, `${this.#target.origin}${path}`, options)
  }

  /**
   * Where a `Location` leads, by the way that the registry is reached here: `http.host` names one that is not. Its path may
   * lack the prefix, a defect of Distribution.
   */
  follow(location: string | undefined): string | undefined {
    if (location === undefined) return undefined
    const { pathname, search } = new URL(location, this.#target.origin)
    const path = pathname.slice(pathname.indexOf('/v2/'))
    return `${this.#target.origin}${this.#prefix}${path}${search}`
  }
}

/** What somebody hears who does not say who he is, or says it wrong. */
async function probeWithoutLogin(client: Prober): Promise<void> {
  const attempts = { 'nobody: ': '', 'somebody else: ': 'Basic ZG9ja2VyOnN0YXBsZQ==' }
  for (const [who, authorization] of Object.entries(attempts)) {
    const headers = { ...accept, Authorization: authorization }
    for (const [method, path] of [
      ['GET', '/v2/'],
      ['GET', '/v2/_catalog'],
      ['HEAD', `/v2/${seeded.name}/manifests/${seeded.tag}`],
      ['POST', `/v2/${repository}/blobs/uploads/`],
    ] as const)
      await client.ask(`${who}${method} ${path}`, method, path, { headers })
  }
}

async function probeRoutes(client: Prober): Promise<void> {
  await client.askRoot('GET /', 'GET', '/')
  await client.ask('GET /v2/', 'GET', '/v2/')
  await client.ask('HEAD /v2/', 'HEAD', '/v2/')
  await client.ask('GET /v2', 'GET', '/v2')
  await client.ask('GET /v2/_catalog/?n=5', 'GET', '/v2/_catalog/?n=5')
  await client.ask('POST /v2/_catalog', 'POST', '/v2/_catalog')
  await client.ask('PATCH manifest', 'PATCH', `/v2/${repository}/manifests/v1`)
  await client.ask('GET /v1/_ping', 'GET', '/v1/_ping')
  await client.ask('GET /v2/unknown', 'GET', '/v2/unknown')
  await client.askRoot('GET /metrics', 'GET', '/metrics')
  await client.askRoot('GET /debug/health', 'GET', '/debug/health')
  if (client.hasPrefix) await client.askRoot('GET /v2/ beside the prefix', 'GET', '/v2/')
  for (const path of ['/v2/', '/v2/_catalog', `/v2/${repository}/manifests/v1`]) {
    const headers = { Origin: 'https://ui.example.com', 'Access-Control-Request-Method': 'DELETE' }
    await client.ask(`OPTIONS ${path}`, 'OPTIONS', path, { headers })
  }
}

/** What lay in the store before. */
async function probeSeeded(client: Prober): Promise<void> {
  const { name, tag, layer } = seeded
  await client.ask('seeded: tags', 'GET', `/v2/${name}/tags/list`)
  await client.ask('seeded: GET manifest', 'GET', `/v2/${name}/manifests/${tag}`, { headers: accept })
  await client.ask('seeded: GET manifest without Accept', 'GET', `/v2/${name}/manifests/${tag}`)
  await client.ask('seeded: GET blob', 'GET', `/v2/${name}/blobs/${digestOf(layer)}`)
  await client.ask('seeded: catalog', 'GET', '/v2/_catalog')
}

/** POST, then PUT with the whole content. */
async function pushWhole(client: Prober): Promise<void> {
  const { layer, config, manifest } = image('pushed whole')
  for (const [part, content] of [
    ['layer', layer],
    ['config', config],
  ] as const) {
    const name = `whole ${part}`
    const started = await client.ask(`${name}: POST`, 'POST', `/v2/${repository}/blobs/uploads/`)
    const location = client.follow(started.headers.location)
    if (location === undefined) continue
    const url = withDigest(location, digestOf(content))
    await client.askFor(`${name}: PUT`, 'PUT', url, { body: content, headers: octets })
  }
  const digest = digestOf(layer)
  await client.ask('HEAD blob', 'HEAD', `/v2/${repository}/blobs/${digest}`)
  await client.ask('GET blob', 'GET', `/v2/${repository}/blobs/${digest}`)
  const range = { headers: { Range: 'bytes=10-29' } }
  await client.ask('GET blob, a range', 'GET', `/v2/${repository}/blobs/${digest}`, range)
  await client.ask('GET blob, unknown', 'GET', `/v2/${repository}/blobs/${digestOf('unknown')}`)
  await client.ask('GET blob, no digest', 'GET', `/v2/${repository}/blobs/sha256:0`)
  await putManifest(client, 'whole', 'v1', manifest)
  await client.ask('GET manifest by digest', 'GET', `/v2/${repository}/manifests/${digestOf(manifest)}`, {
    headers: accept,
  })
  await client.ask('GET manifest, unknown', 'GET', `/v2/${repository}/manifests/unknown`, { headers: accept })
}

/** POST, PATCH twice, PUT without content. */
async function pushInChunks(client: Prober): Promise<void> {
  const { layer, config, manifest } = image('pushed in chunks')
  await client.ask(
    'mount',
    'POST',
    `/v2/${repository}/blobs/uploads/?mount=${digestOf(seeded.layer)}&from=${seeded.name}`,
  )
  for (const [part, content] of [
    ['layer', layer],
    ['config', config],
  ] as const) {
    const name = `chunked ${part}`
    const started = await client.ask(`${name}: POST`, 'POST', `/v2/${repository}/blobs/uploads/`)
    const half = Math.floor(content.length / 2)
    let location = client.follow(started.headers.location)
    for (const [start, end] of [
      [0, half],
      [half, content.length],
    ] as const) {
      if (location === undefined) break
      const headers = { ...octets, 'Content-Range': `${start}-${end - 1}` }
      const body = content.subarray(start, end)
      const answer = await client.askFor(
        `${name}: PATCH from ${start === 0 ? 'the start' : 'the middle'}`,
        'PATCH',
        location,
        {
          headers,
          body,
        },
      )
      location = client.follow(answer.headers.location)
    }
    if (location === undefined) continue
    await client.askFor(`${name}: GET status`, 'GET', location)
    await client.askFor(`${name}: PUT`, 'PUT', withDigest(location, digestOf(content)))
  }
  await putManifest(client, 'chunked', 'v2', manifest)
  const started = await client.ask('upload to be cancelled: POST', 'POST', `/v2/${repository}/blobs/uploads/`)
  const location = client.follow(started.headers.location)
  if (location !== undefined) await client.askFor('upload to be cancelled: DELETE', 'DELETE', location)
}

async function putManifest(client: Prober, way: string, tag: string, manifest: Buffer): Promise<void> {
  const path = `/v2/${repository}/manifests/${tag}`
  const headers = { 'Content-Type': mediaTypes.ociManifest }
  await client.ask(`${way}: PUT manifest`, 'PUT', path, { headers, body: manifest })
  await client.ask(`${way}: HEAD manifest`, 'HEAD', path, { headers: accept })
  await client.ask(`${way}: GET manifest`, 'GET', path, { headers: accept })
}

async function probeLists(client: Prober): Promise<void> {
  const tags = `/v2/${repository}/tags/list`
  await client.ask('tags', 'GET', tags)
  await client.ask('tags, n=1', 'GET', `${tags}?n=1`)
  await client.ask('tags, n=5', 'GET', `${tags}?n=5`)
  await client.ask('tags, n=abc', 'GET', `${tags}?n=abc`)
  await client.ask('tags, unknown repository', 'GET', '/v2/nobody/tags/list')
  await client.ask('catalog', 'GET', '/v2/_catalog')
  await client.ask('catalog, n=1', 'GET', '/v2/_catalog?n=1')
  await client.ask('catalog, n=1, last', 'GET', `/v2/_catalog?n=1&last=${repository}`)
  await client.ask('catalog, n=1001', 'GET', '/v2/_catalog?n=1001')
}

/** What proxies say of the URL that the client asked for. */
async function probeForwarded(client: Prober): Promise<void> {
  const proxies: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'Host alone': { Host: 'registry.example.com' },
    'X-Forwarded-Proto': { 'X-Forwarded-Proto': 'https' },
    'X-Forwarded-Proto and -Host': {
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'registry.example.com:8443',
    },
    'two proxies': {
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'outer.example.com, inner.example.com',
    },
    'two protocols': { 'X-Forwarded-Proto': 'https,http', Host: 'registry.example.com' },
    'X-Forwarded-Port': {
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '8443',
      Host: 'registry.example.com',
    },
    Forwarded: { Forwarded: 'for=192.0.2.60;proto=https;host=registry.example.com' },
    'Forwarded, two proxies': {
      Forwarded: 'proto=https;host="outer.example.com:8443", proto=http;host=inner.example.com',
    },
    'Forwarded beside X-Forwarded': {
      Forwarded: 'proto=https;host=right.example.com',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'wrong.example.com',
    },
    'Forwarded for alone': { Forwarded: 'for=192.0.2.60', Host: 'registry.example.com' },
  }
  for (const [name, headers] of Object.entries(proxies)) {
    await client.ask(`forwarded: ${name}`, 'POST', `/v2/${repository}/blobs/uploads/`, { headers })
  }
  const headers = { 'X-Forwarded-Proto': 'https', Host: 'registry.example.com' }
  await client.ask('forwarded: GET /v2', 'GET', '/v2', { headers })
  await client.ask('forwarded: catalog, n=1', 'GET', '/v2/_catalog?n=1', { headers })
}

async function probeDeletes(client: Prober): Promise<void> {
  const { layer, manifest } = image('pushed whole')
  const byDigest = `/v2/${repository}/manifests/${digestOf(manifest)}`
  await client.ask('DELETE manifest by digest', 'DELETE', byDigest)
  await client.ask('DELETE manifest, again', 'DELETE', byDigest)
  await client.ask('deleted: GET manifest by tag', 'GET', `/v2/${repository}/manifests/v1`, {
    headers: accept,
  })
  await client.ask('DELETE blob', 'DELETE', `/v2/${repository}/blobs/${digestOf(layer)}`)
  await client.ask('DELETE blob, unknown', 'DELETE', `/v2/${repository}/blobs/${digestOf('unknown')}`)
  await client.ask('deleted: HEAD blob', 'HEAD', `/v2/${repository}/blobs/${digestOf(layer)}`)
  await client.ask('DELETE tag', 'DELETE', `/v2/${repository}/manifests/v2`)
  await client.ask('deleted: tags', 'GET', `/v2/${repository}/tags/list`)
}

function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}
