import assert from 'node:assert/strict'
import { storagePath } from '../../src/storage/driver.ts'
import type { HttpResponse } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import type { TestServer } from './in-process.ts'

/** Blobs and manifests to push, and what pushes them. */

export interface Content {
  readonly content: Buffer
  readonly digest: string
}

export interface TypedContent extends Content {
  readonly mediaType: string
}

export interface DescriptorJson {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly [field: string]: unknown
}

export const octets: Readonly<Record<string, string>> = { 'Content-Type': 'application/octet-stream' }

export const emptyConfig: Content = contentOf('{}')

export const zeroBytes: Content = contentOf('')

export function contentOf(text: string | Uint8Array): Content {
  const content = Buffer.from(text)
  return { content, digest: digestOf(content) }
}

let blobs = 0

/** Bytes that no other blob of this process has. */
export function newBlob(size: number): Content {
  return contentOf(seededBytes(`http ${blobs++}`, size))
}

export function descriptor(of: Content, mediaType = 'application/octet-stream'): DescriptorJson {
  return { mediaType, digest: of.digest, size: of.content.length }
}

/** An OCI image manifest of the empty config and no layers, unless `fields` say otherwise. */
export function image(fields: Readonly<Record<string, unknown>> = {}): TypedContent {
  return typed(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor(emptyConfig, 'application/vnd.oci.empty.v1+json'),
    layers: [],
    ...fields,
  })
}

export function index(
  children: readonly TypedContent[],
  fields: Readonly<Record<string, unknown>> = {},
): TypedContent {
  return typed(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: children.map((child) => descriptor(child, child.mediaType)),
    ...fields,
  })
}

export function typed(mediaType: string, json: unknown): TypedContent {
  return { mediaType, ...contentOf(typeof json === 'string' ? json : JSON.stringify(json)) }
}

/** A manifest that differs from all others by an annotation. */
export function numbered(number: number, fields: Readonly<Record<string, unknown>> = {}): TypedContent {
  return image({ annotations: { number: String(number) }, ...fields })
}

export async function pushBlob(server: TestServer, repository: string, blob: Content): Promise<void> {
  const path = `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`
  const answer = await server.call('POST', path, { headers: octets, body: blob.content })
  assert.equal(answer.status, 201, answer.body.toString())
}

export async function putManifest(
  server: TestServer,
  repository: string,
  reference: string,
  manifest: TypedContent,
): Promise<HttpResponse> {
  const headers = { 'Content-Type': manifest.mediaType }
  return await server.call('PUT', `/v2/${repository}/manifests/${reference}`, {
    headers,
    body: manifest.content,
  })
}

/** Pushes the empty config, which most manifests here name, and the manifest; throws unless that works. */
export async function pushManifest(
  server: TestServer,
  repository: string,
  reference: string,
  manifest: TypedContent,
): Promise<HttpResponse> {
  await pushBlob(server, repository, emptyConfig)
  const answer = await putManifest(server, repository, reference, manifest)
  assert.equal(answer.status, 201, answer.body.toString())
  return answer
}

/** Begins an upload and gives its path. */
export async function startUpload(server: TestServer, repository: string, query = ''): Promise<string> {
  const answer = await server.call('POST', `/v2/${repository}/blobs/uploads/${query}`)
  assert.equal(answer.status, 202, answer.body.toString())
  return locationPath(answer)
}

/** Path and query of a `Location`. */
export function locationPath(answer: HttpResponse): string {
  assert.ok(answer.headers.location, `no Location: ${answer.status} ${answer.body.toString()}`)
  const { pathname, search } = new URL(answer.headers.location, 'http://relative.invalid')
  return pathname + search
}

export function withDigest(path: string, digest: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
}

const root = 'docker/registry/v2'

/** Writes as Distribution does, past the server: what lies there before Berth comes, or what a replica writes. */
export async function writeRaw(
  server: TestServer,
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  await server.driver.write(storagePath(`${root}/${path}`), Buffer.from(content))
}

function branch(digest: string): string {
  return digest.replace(':', '/')
}

export async function writeRawBlob(server: TestServer, repository: string, blob: Content): Promise<void> {
  await writeRawData(server, blob)
  await writeRaw(server, `repositories/${repository}/_layers/${branch(blob.digest)}/link`, blob.digest)
}

export async function writeRawManifest(
  server: TestServer,
  repository: string,
  manifest: Content,
  tag?: string,
): Promise<void> {
  const manifests = `repositories/${repository}/_manifests`
  await writeRawData(server, manifest)
  await writeRaw(server, `${manifests}/revisions/${branch(manifest.digest)}/link`, manifest.digest)
  if (tag === undefined) return
  await writeRaw(server, `${manifests}/tags/${tag}/index/${branch(manifest.digest)}/link`, manifest.digest)
  await writeRaw(server, `${manifests}/tags/${tag}/current/link`, manifest.digest)
}

async function writeRawData(server: TestServer, { digest, content }: Content): Promise<void> {
  const hex = digest.slice('sha256:'.length)
  await writeRaw(server, `blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, content)
}

/** All objects of a store, by their paths, with their bytes: what is visible, what is left over. */
export async function listStore(server: TestServer, below = 'docker'): Promise<string[]> {
  const paths: string[] = []
  for await (const name of server.driver.list(storagePath(below))) {
    const path = `${below}/${name}`
    const info = await server.driver.stat(storagePath(path))
    if (info?.isFolder === true) paths.push(...(await listStore(server, path)))
    else paths.push(path)
  }
  return paths
}
