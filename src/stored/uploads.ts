import type { Hash } from 'node:crypto'
import type { Context } from '../registry/context.ts'
import {
  canonicalAlgorithm,
  isDigestAlgorithm,
  type Digest,
  type DigestAlgorithm,
} from '../registry/digest.ts'
import { unknownUpload } from '../registry/absent.ts'
import { RegistryError } from '../registry/errors.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Chunk } from '../registry/registry.ts'
import { newUploadId, type UploadId } from '../registry/upload-id.ts'
import type { StorageDriver, StoragePath } from '../storage/driver.ts'
import { peek } from '../util/iterables.ts'
import { Hashing } from './hashing.ts'
import { uploadEntry, uploadFolder } from './paths.ts'
import { RunningDigests } from './running-digests.ts'
import { areRivals, chainOf, endOf, markerOf, newPartName, type Segment } from './segment.ts'
import { listTail, listUpload, segmentPrefix } from './upload-listing.ts'
import { partEntry, partPath, type Upload } from './upload.ts'

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
  /** Only for stores that put objects together by themselves: whoever copies bytes hashes them on the way. */
  readonly #digests: RunningDigests | undefined

  constructor(driver: StorageDriver) {
    this.#driver = driver
    this.#digests = driver.concatenate && new RunningDigests()
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

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID after too many chunks */
  async load(repository: RepositoryName, id: UploadId): Promise<Upload> {
    const { isThere, hasAlgorithm, segments, names } = await listUpload(this.#driver, repository, id)
    if (!isThere) throw unknownUpload()
    const algorithm = hasAlgorithm ? await this.#readAlgorithm(repository, id) : canonicalAlgorithm
    const chain = chainOf(segments)
    return { repository, id, algorithm, chain, size: endOf(chain), entries: names }
  }

  /**
   * What a request must know that adds a chunk. One that says where it begins is believed when a segment ends there, whatever was before:
   * all of it is looked at when the upload is committed, and counts only if the digest is right.
   *
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN
   */
  async loadFor(repository: RepositoryName, id: UploadId, { offset = 0 }: Chunk): Promise<Upload> {
    if (offset === 0) return await this.load(repository, id)
    const { isThere, algorithm, chain } = await listTail(this.#driver, repository, id, offset)
    if (!isThere || algorithm === undefined) return await this.load(repository, id)
    return { repository, id, algorithm, chain, size: chain.at(-1)?.end ?? offset }
  }

  /**
   * Adds the bytes of one request. What arrives before the client breaks off is kept. Of several that bring other bytes for the same
   * place at once, one at most succeeds; the others are refused.
   *
   * @returns the upload as it is then
   * @throws RegistryError RANGE_INVALID, BLOB_UPLOAD_UNKNOWN when it was ended meanwhile, CLIENT_CLOSED, CLIENT_TIMEOUT
   */
  async append(context: Context, upload: Upload, chunk: Chunk): Promise<Upload> {
    const { repository, id, size, algorithm } = upload
    checkOffset(upload, chunk)
    const bytes = await peek(chunk.source)
    if (bytes === undefined) return upload
    let broken: RegistryError | undefined
    const arriving = untilBroken(bytes, (error) => (broken = error))
    const hashing = new Hashing(arriving, algorithm)
    const before = algorithm === canonicalAlgorithm ? this.#digests?.before(id, size) : undefined
    const part = newPartName()
    const source = before === undefined ? hashing : alsoInto(before, hashing)
    await this.#driver.create(partPath(upload, part), source, { durable: false })
    const all = size === 0 && this.#digests && algorithm === canonicalAlgorithm ? hashing.copy() : before
    const segment: Segment = {
      offset: size,
      end: size + hashing.size,
      digest: hashing.digest,
      whole: broken === undefined,
      part,
    }
    await this.#writeText(uploadEntry(repository, id, segmentEntry(segment)), '')
    const now = await this.#confirm(upload, segment)
    this.#digests?.add(id, segment, all)
    if (broken === undefined) return now
    context.log.info({ repository, upload: id, kept: hashing.size }, 'client broke off an upload')
    throw broken
  }

  /** The canonical digest of all bytes of an upload, where this process took them all and the store needs it to do so. */
  digestOf({ id, chain }: Upload): Digest | undefined {
    return this.#digests?.digestOf(id, chain)
  }

  async remove(upload: Pick<Upload, 'repository' | 'id' | 'entries'>): Promise<void> {
    const { repository, id, entries } = upload
    this.#digests?.forget(id)
    await this.#driver.deleteTree(uploadFolder(repository, id), entries && { entries })
  }

  /**
   * Looks at the upload after a segment was added to it.
   *
   * Each of two requests that bring other bytes for one place writes its segment and looks then, so that one at least sees the other. It
   * cannot know whether the other one saw it and gives way; then both do, and their clients begin there anew.
   */
  async #confirm(upload: Upload, own: Segment): Promise<Upload> {
    const { repository, id, entries } = upload
    const tail = await listTail(this.#driver, repository, id, own.offset)
    if (!tail.isThere) {
      // Cancelled or committed while bytes came: what these left must not lie there for ever.
      await this.remove({ repository, id })
      throw unknownUpload()
    }
    const added = [partEntry(own.part), segmentEntry(own)]
    if (tail.segments.some((other) => areRivals(own, other))) {
      await this.#driver.delete(uploadEntry(repository, id, segmentEntry(own)))
      await this.#driver.delete(partPath(upload, own.part))
      throw new RegistryError('RANGE_INVALID', {
        detail: `another request sent other bytes at ${own.offset}`,
      })
    }
    return {
      ...upload,
      chain: [...upload.chain, ...tail.chain],
      size: endOf(tail.chain),
      ...(entries && { entries: [...entries, ...added] }),
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

function segmentEntry(segment: Segment): `segment-${string}` {
  return `${segmentPrefix}${markerOf(segment)}`
}

/** @throws RegistryError RANGE_INVALID when the chunk does not begin where the upload ends */
export function checkOffset(upload: Upload, chunk: Chunk): void {
  if (chunk.offset !== undefined && chunk.offset !== upload.size) {
    throw new RegistryError('RANGE_INVALID', {
      detail: `the chunk begins at ${chunk.offset}, the upload ends at ${upload.size}`,
    })
  }
}

async function* alsoInto(
  hash: Hash,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    hash.update(chunk)
    yield chunk
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
