import assert from 'node:assert/strict'
import { http, type HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'

/** What a client of a registry does, each step at whatever base URL the test names: one replica, another one, or all of them. */

const octets = { 'Content-Type': 'application/octet-stream' }

export interface TestBlob {
  readonly digest: string
  readonly content: Buffer
}

export function blobOf(content: Buffer | string): TestBlob {
  return { digest: digestOf(content), content: Buffer.from(content) }
}

/** A manifest whose config and layers these are. */
export function manifestOf(config: TestBlob, layers: readonly TestBlob[], note = ''): TestBlob {
  const descriptor = (mediaType: string, { digest, content }: TestBlob): unknown => ({
    mediaType,
    digest,
    size: content.length,
  })
  return blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(mediaTypes.ociConfig, config),
      layers: layers.map((layer) => descriptor(mediaTypes.ociLayer, layer)),
      annotations: { note },
    }),
  )
}

/** Begins an upload. Gives its path, to be asked for anywhere. */
export async function beginUpload(base: string, repository: string): Promise<string> {
  const answer = await expect(202, 'POST', `${base}/v2/${repository}/blobs/uploads/`, '')
  return pathOf(answer)
}

export async function patchUpload(base: string, path: string, content: Buffer): Promise<HttpResponse> {
  return await http('PATCH', base + path, { headers: octets, body: content })
}

export async function commitUpload(
  base: string,
  path: string,
  digest: string,
  tail: Buffer | string = '',
): Promise<HttpResponse> {
  const separator = path.includes('?') ? '&' : '?'
  return await http('PUT', `${base}${path}${separator}digest=${digest}`, { headers: octets, body: tail })
}

/** Pushes a blob as most clients do: POST, PATCH, PUT, each at the next of the bases. */
export async function pushBlob(
  bases: readonly string[],
  repository: string,
  { digest, content }: TestBlob,
  from = 0,
): Promise<HttpResponse> {
  const base = (step: number): string => bases[(from + step) % bases.length] ?? ''
  const path = await beginUpload(base(0), repository)
  const patched = await patchUpload(base(1), path, content)
  assert.equal(patched.status, 202, patched.body.toString())
  return await commitUpload(base(2), pathOf(patched), digest)
}

export async function putManifest(
  base: string,
  repository: string,
  reference: string,
  { content }: TestBlob,
): Promise<HttpResponse> {
  return await http('PUT', `${base}/v2/${repository}/manifests/${reference}`, {
    headers: { 'Content-Type': mediaTypes.ociManifest },
    body: content,
  })
}

/** The digest that a tag has there; undefined when it has none. Throws unless what it has is whole. */
export async function tagAt(base: string, repository: string, tag: string): Promise<string | undefined> {
  const answer = await get(base, `/v2/${repository}/manifests/${tag}`)
  if (answer.status === 404) return undefined
  assert.equal(answer.status, 200, answer.body.toString())
  const digest = String(answer.headers['docker-content-digest'])
  assert.equal(digestOf(answer.body), digest)
  return digest
}

export async function tagsAt(base: string, repository: string): Promise<readonly string[]> {
  const answer = await get(base, `/v2/${repository}/tags/list`)
  return answer.status === 404 ? [] : ((answer.json() as { tags: string[] | null }).tags ?? [])
}

/** Also accepts manifests. */
export async function get(base: string, path: string, method = 'GET'): Promise<HttpResponse> {
  return await http(method, base + path, {
    headers: { Accept: `${mediaTypes.ociManifest}, ${mediaTypes.ociIndex}, */*` },
  })
}

export async function expect(
  status: number,
  method: string,
  url: string,
  body?: string | Buffer,
): Promise<HttpResponse> {
  const answer = await http(method, url, body === undefined ? {} : { headers: octets, body })
  assert.equal(answer.status, status, `${method} ${url}: ${answer.body.toString()}`)
  return answer
}

export function pathOf({ headers }: HttpResponse): string {
  const { pathname, search } = new URL(String(headers.location), 'http://here')
  return pathname + search
}
