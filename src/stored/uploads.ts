import type { Context } from '../registry/context.ts'
import { canonicalAlgorithm, isDigestAlgorithm, type DigestAlgorithm } from '../registry/digest.ts'
import { unknownUpload } from '../registry/absent.ts'
import { RegistryError } from '../registry/errors.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Chunk } from '../registry/registry.ts'
import { newUploadId, type UploadId } from '../registry/upload-id.ts'
import type { StorageDriver, StoragePath } from '../storage/driver.ts'
import { peek } from '../util/iterables.ts'
import { Hashing } from './hashing.ts'
import { uploadEntry, uploadFolder } from './paths.ts'
import { chainOf, endOf, markerOf, newPartName, parseMarker, type Segment } from './segment.ts'

/** An upload as its folder tells it. */
export interface Upload {
  readonly repository: RepositoryName
  readonly id: UploadId
  /** That of the digest it is to be committed with. */
  readonly algorithm: DigestAlgorithm
  /** The segments that count. */
  readonly chain: readonly Segment[]
  /** Bytes that count. */
  readonly size: number
}

const segmentPrefix = 'segment-'

/** Each request lists those before it. Enough for 200 GiB in chunks of 10 MiB. */
const maxSegments = 20_000

/** Bytes; the longest name of an algorithm has 6. */
const maxAlgorithmSize = 64

/**
 * Uploads as folders of immutable segments (docs/architecture.md, "Uploads"). No state is handed from one request to the
 * next but what lies in the store, nothing is locked, and requests that race do not harm each other.
 *
 * Nothing here is written durably but the bytes of parts: a power cut may make an upload shorter or forget it, and its client
 * begins anew. A marker never claims bytes that a cut could damage; where it takes away the part's very name, the commit says so.
 */
export class Uploads {
  readonly #driver: StorageDriver

  constructor(driver: StorageDriver) {
    this.#driver = driver
  }

  async start(repository: RepositoryName, algorithm: DigestAlgorithm): Promise<Upload> {
    const id = newUploadId()
    // Whole seconds and UTC, as Distribution writes it, so that its purger cleans our uploads as its own.
    const startedAt = `${new Date().toISOString().slice(0, 19)}Z`
    if (algorithm !== canonicalAlgorithm)
      await this.#writeText(uploadEntry(repository, id, 'algorithm'), algorithm)
    await this.#writeText(uploadEntry(repository, id, 'startedat'), startedAt)
    return { repository, id, algorithm, chain: [], size: 0 }
  }

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  async load(repository: RepositoryName, id: UploadId): Promise<Upload> {
    const entries = new Set<string>()
    for await (const entry of this.#driver.list(uploadFolder(repository, id))) entries.add(entry)
    const isDistributions = entries.has('data') || entries.has('hashstates')
    if (!entries.has('startedat') || isDistributions) throw unknownUpload()
    const algorithm = entries.has('algorithm')
      ? await this.#readAlgorithm(repository, id)
      : canonicalAlgorithm
    const chain = chainOf(parseSegments(entries))
    return { repository, id, algorithm, chain, size: endOf(chain) }
  }

  /**
   * Adds the bytes of one request. What arrives before the client breaks off is kept.
   *
   * @returns the upload as it is then
   * @throws RegistryError RANGE_INVALID, BLOB_UPLOAD_INVALID after too many chunks, BLOB_UPLOAD_UNKNOWN when it was ended meanwhile, CLIENT_CLOSED, CLIENT_TIMEOUT
   */
  async append(context: Context, upload: Upload, chunk: Chunk): Promise<Upload> {
    const { repository, id, size, algorithm } = upload
    checkOffset(upload, chunk)
    if (upload.chain.length >= maxSegments) {
      throw new RegistryError('BLOB_UPLOAD_INVALID', {
        detail: `more than ${maxSegments} chunks: send larger ones`,
      })
    }
    const bytes = await peek(chunk.source)
    if (bytes === undefined) return upload
    let broken: RegistryError | undefined
    const arriving = untilBroken(bytes, (error) => (broken = error))
    const hashing = new Hashing(arriving, algorithm)
    const part = newPartName()
    await this.#driver.create(partPath({ repository, id }, part), hashing, { durable: false })
    const segment: Segment = {
      offset: size,
      end: size + hashing.size,
      digest: hashing.digest,
      whole: broken === undefined,
      part,
    }
    await this.#writeText(uploadEntry(repository, id, `${segmentPrefix}${markerOf(segment)}`), '')
    const now = await this.#reload(upload)
    if (broken === undefined) return now
    context.log.info({ repository, upload: id, kept: hashing.size }, 'client broke off an upload')
    throw broken
  }

  async remove(upload: Pick<Upload, 'repository' | 'id'>): Promise<void> {
    await this.#driver.deleteTree(uploadFolder(upload.repository, upload.id))
  }

  /** An upload that was cancelled or committed while bytes came: what these left must not lie there for ever. */
  async #reload(upload: Upload): Promise<Upload> {
    try {
      return await this.load(upload.repository, upload.id)
    } catch (error) {
      await this.remove(upload)
      throw error
    }
  }

  async #readAlgorithm(repository: RepositoryName, id: UploadId): Promise<DigestAlgorithm> {
    const content = await this.#driver.read(uploadEntry(repository, id, 'algorithm'), maxAlgorithmSize)
    const text = content?.toString('latin1') ?? ''
    return isDigestAlgorithm(text) ? text : canonicalAlgorithm
  }

  async #writeText(path: StoragePath, text: string): Promise<void> {
    await this.#driver.write(path, Buffer.from(text, 'latin1'), { durable: false })
  }
}

/** Where the bytes of a segment lie. */
export function partPath({ repository, id }: Pick<Upload, 'repository' | 'id'>, part: string): StoragePath {
  return uploadEntry(repository, id, `part-${part}`)
}

function parseSegments(entries: Iterable<string>): Segment[] {
  const segments: Segment[] = []
  for (const entry of entries) {
    const segment = entry.startsWith(segmentPrefix)
      ? parseMarker(entry.slice(segmentPrefix.length))
      : undefined
    if (segment !== undefined) segments.push(segment)
  }
  return segments
}

/** @throws RegistryError RANGE_INVALID when the chunk does not begin where the upload ends */
export function checkOffset(upload: Upload, chunk: Chunk): void {
  if (chunk.offset !== undefined && chunk.offset !== upload.size) {
    throw new RegistryError('RANGE_INVALID', {
      detail: `the chunk begins at ${chunk.offset}, the upload ends at ${upload.size}`,
    })
  }
}

/** Ends where the client breaks off, as if it had sent no more, and tells why. */
async function* untilBroken(
  source: AsyncIterable<Uint8Array>,
  onBreak: (error: RegistryError) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* source
  } catch (error) {
    if (!(error instanceof RegistryError) || !isBreak(error)) throw error
    onBreak(error)
  }
}

function isBreak(error: RegistryError): boolean {
  return error.code === 'CLIENT_CLOSED' || error.code === 'CLIENT_TIMEOUT'
}
