import {
  algorithmOf,
  digestOf,
  isDigest,
  parseDigest,
  parseDigestAlgorithm,
  type Digest,
} from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { blobMediaType } from '../registry/media-types.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import type { Chunk, Registry, UploadStatus } from '../registry/registry.ts'
import type { UploadId } from '../registry/upload-id.ts'
import type { Exchange, Headers } from './exchange.ts'
import { errorResponse } from './error-response.ts'
import { blobPath, uploadPath, type RouteOf } from './route.ts'

/** Starts an upload, mounts a blob of another repository, or takes a whole blob, as the query says. */
export async function postUpload(
  exchange: Exchange,
  registry: Registry,
  { name }: RouteOf<'uploads'>,
): Promise<void> {
  const { query, context, body } = exchange
  const algorithm = query.get('digest-algorithm')
  const checkedAlgorithm = algorithm === null ? undefined : parseDigestAlgorithm(algorithm)

  const mounted = await mount(exchange, registry, name)
  if (mounted !== undefined) return await answerBlob(exchange, name, mounted)

  const digestText = query.get('digest')
  if (digestText !== null) {
    const digest = parseDigest(digestText)
    // Without a body this is a client that sends the digest early and the bytes later, unless it means no bytes at all.
    if (body.length !== 0 || digestOf(new Uint8Array(), algorithmOf(digest)) === digest) {
      await registry.putBlob(context, name, digest, body)
      return await answerBlob(exchange, name, digest)
    }
  }
  const status = await registry.startUpload(context, name, checkedAlgorithm)
  await exchange.send(202, statusHeaders(exchange, name, status))
}

export async function getUpload(
  exchange: Exchange,
  registry: Registry,
  { name, id }: RouteOf<'upload'>,
): Promise<void> {
  const status = await registry.uploadStatus(exchange.context, name, id)
  await exchange.send(204, statusHeaders(exchange, name, status))
}

export async function patchUpload(
  exchange: Exchange,
  registry: Registry,
  { name, id }: RouteOf<'upload'>,
): Promise<void> {
  const contentType = exchange.header('content-type') ?? ''
  if (contentType !== '' && contentType !== blobMediaType) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', {
      detail: `bad Content-Type: not ${blobMediaType}`,
    })
  }
  await withRange(exchange, registry, name, id, async () => {
    const status = await registry.appendUpload(exchange.context, name, id, chunkOf(exchange))
    await exchange.send(202, statusHeaders(exchange, name, status))
  })
}

export async function putUpload(
  exchange: Exchange,
  registry: Registry,
  { name, id }: RouteOf<'upload'>,
): Promise<void> {
  const text = exchange.query.get('digest')
  if (text === null) throw new RegistryError('DIGEST_INVALID', { detail: 'digest missing' })
  const digest = parseDigest(text)
  await withRange(exchange, registry, name, id, async () => {
    await registry.commitUpload(exchange.context, name, id, digest, chunkOf(exchange))
    await answerBlob(exchange, name, digest)
  })
}

export async function deleteUpload(
  exchange: Exchange,
  registry: Registry,
  { name, id }: RouteOf<'upload'>,
): Promise<void> {
  await registry.cancelUpload(exchange.context, name, id)
  await exchange.send(204, { 'Docker-Upload-UUID': id })
}

/** A mount that cannot be, for whatever reason, is an upload to be started. */
async function mount(
  exchange: Exchange,
  registry: Registry,
  name: RepositoryName,
): Promise<Digest | undefined> {
  const digest = exchange.query.get('mount')
  const from = exchange.query.get('from')
  if (digest === null || !isDigest(digest)) return undefined
  if (from !== null && !isRepositoryName(from)) return undefined
  const sources = from === null ? {} : { from }
  return (await registry.mountBlob(exchange.context, name, digest, sources))?.digest
}

async function answerBlob(exchange: Exchange, name: RepositoryName, digest: Digest): Promise<void> {
  await exchange.send(201, {
    Location: exchange.location(blobPath(name, digest)),
    'Docker-Content-Digest': digest,
  })
}

function statusHeaders(exchange: Exchange, name: RepositoryName, status: UploadStatus): Headers {
  return {
    Location: exchange.location(uploadPath(name, status.id)),
    'Docker-Upload-UUID': status.id,
    // Distribution's form, without a unit; an empty upload looks like one of a single byte.
    Range: `0-${Math.max(status.size - 1, 0)}`,
    ...(status.minChunk !== undefined && { 'OCI-Chunk-Min-Length': String(status.minChunk) }),
  }
}

/** A chunk in the wrong place is answered with where the upload stands, so that the client can go on from there. */
async function withRange(
  exchange: Exchange,
  registry: Registry,
  name: RepositoryName,
  id: UploadId,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'RANGE_INVALID') throw error
    const status = await registry.uploadStatus(exchange.context, name, id)
    await exchange.sendError(errorResponse(error), statusHeaders(exchange, name, status))
  }
}

/**
 * The request's bytes, and where `Content-Range` says that they begin: `START-END`, both included.
 *
 * @throws RegistryError RANGE_INVALID when that does not parse; SIZE_INVALID when there are more bytes or fewer, at once where
 *   Content-Length tells, else when they have come
 */
function chunkOf(exchange: Exchange): Chunk {
  const { body } = exchange
  const header = exchange.header('content-range')
  if (header === undefined) return { source: body }
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(header)
  const offset = Number(match?.[1])
  const length = Number(match?.[2]) - offset + 1
  if (match === null || length < 1) {
    throw new RegistryError('RANGE_INVALID', { detail: `not START-END: ${header.slice(0, 100)}` })
  }
  if (body.length !== undefined && body.length !== length) throw wrongLength(length, body.length)
  return { offset, source: exactly(body, length) }
}

async function* exactly(
  source: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > length) throw wrongLength(length, size)
    yield chunk
  }
  if (size < length) throw wrongLength(length, size)
}

function wrongLength(expected: number, actual: number): RegistryError {
  return new RegistryError('SIZE_INVALID', {
    detail: `Content-Range has ${expected} bytes, the body ${actual}`,
  })
}
