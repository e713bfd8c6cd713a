import { createHash } from 'node:crypto'
import { http, httpStream } from './http.ts'
import { digestOf } from './seeded.ts'
import { mediaTypes, type Descriptor } from './images.ts'

/**
 * Looks at what a registry holds, by plain HTTP and not by the client under test. Everything that is read is hashed:
 * what these functions return is there, whole, byte for byte.
 */

export interface StoredImage {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly manifest: Manifest
  /** Of an index: its members. */
  readonly children: readonly StoredImage[]
}

export interface Manifest {
  readonly schemaVersion: number
  readonly mediaType?: string
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly manifests?: readonly Descriptor[]
}

const anyManifest = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerList,
].join(', ')

/** Reads an image or index with all it refers to. Throws at the first byte that is not as its digest says. */
export async function readImage(
  registryUrl: string,
  repository: string,
  reference: string,
): Promise<StoredImage> {
  const url = `${registryUrl}/v2/${repository}/manifests/${reference}`
  const answer = await http('GET', url, { headers: { Accept: anyManifest } })
  if (answer.status !== 200) throw new Error(`GET ${url}: ${answer.status} ${answer.body.toString()}`)
  const digest = digestOf(answer.body)
  const named = String(answer.headers['docker-content-digest'])
  if (named !== digest) throw new Error(`GET ${url}: the digest is said to be ${named} and is ${digest}`)
  if (reference.includes(':') && reference !== digest) throw new Error(`GET ${url}: gave ${digest}`)
  const manifest = answer.json() as Manifest
  for (const blob of [manifest.config, ...(manifest.layers ?? [])])
    if (blob) await checkBlob(registryUrl, repository, blob)
  const children: StoredImage[] = []
  for (const child of manifest.manifests ?? []) {
    const stored = await readImage(registryUrl, repository, child.digest)
    if (stored.size !== child.size)
      throw new Error(`${child.digest}: ${stored.size} bytes, not ${child.size}`)
    children.push(stored)
  }
  const mediaType = String(answer.headers['content-type'])
  return { mediaType, digest, size: answer.body.length, manifest, children }
}

/** Reads a blob and throws unless it is whole. */
export async function checkBlob(registryUrl: string, repository: string, blob: Descriptor): Promise<void> {
  const url = `${registryUrl}/v2/${repository}/blobs/${blob.digest}`
  const hash = createHash(blob.digest.slice(0, blob.digest.indexOf(':')))
  let size = 0
  const { status } = await httpStream('GET', url, {}, (chunk) => {
    hash.update(chunk)
    size += chunk.length
  })
  if (status !== 200) throw new Error(`GET ${url}: ${status}`)
  const hex = hash.digest('hex')
  if (!blob.digest.endsWith(`:${hex}`) || size !== blob.size)
    throw new Error(`GET ${url}: ${size} bytes of ${hex}, not ${blob.size}`)
}

/** A blob's bytes. */
export async function readBlob(registryUrl: string, repository: string, digest: string): Promise<Buffer> {
  const answer = await http('GET', `${registryUrl}/v2/${repository}/blobs/${digest}`)
  if (answer.status !== 200) throw new Error(`GET ${digest}: ${answer.status} ${answer.body.toString()}`)
  if (digestOf(answer.body, digest.slice(0, digest.indexOf(':'))) !== digest)
    throw new Error(`GET ${digest}: other bytes`)
  return answer.body
}
