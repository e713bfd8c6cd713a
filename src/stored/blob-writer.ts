import type { Context } from '../registry/context.ts'
import { algorithmOf, canonicalAlgorithm, digestOf, type Digest } from '../registry/digest.ts'
import { unknownUpload } from '../registry/absent.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { drain, peek } from '../util/iterables.ts'
import { Hashing, requireDigest, Verifying } from './hashing.ts'
import { blobData } from './paths.ts'
import type { PresentBlob } from './present-blob.ts'
import { SegmentReader } from './segment-reader.ts'
import type { Segment } from './segment.ts'
import { partPath, type Upload } from './upload.ts'
import type { Uploads } from './uploads.ts'

/**
 * Brings bytes to the place of a blob, once it is sure that they have the digest that the client said. What is there already
 * is replaced by the bytes just verified, which heals a blob that was damaged. The bytes are durable then; their place is when it is
 * published together with the link.
 */
export class BlobWriter {
  readonly #driver: StorageDriver
  readonly #uploads: Uploads
  readonly #segments: SegmentReader

  constructor(driver: StorageDriver, uploads: Uploads) {
    this.#driver = driver
    this.#uploads = uploads
    this.#segments = new SegmentReader(driver)
  }

  /**
   * Stores a whole blob; nothing is left when that fails.
   * @throws RegistryError DIGEST_INVALID, CLIENT_CLOSED, CLIENT_TIMEOUT
   */
  async fromRequest(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    source: AsyncIterable<Uint8Array>,
  ): Promise<PresentBlob> {
    if (isCanonical(digest)) return await this.#stream(digest, source)
    // The name of its place is known only when all bytes are here, so they wait in an upload.
    const upload = await this.#uploads.start(repository, algorithmOf(digest))
    try {
      return await this.fromUpload(context, upload, digest, await peek(source))
    } finally {
      await this.#uploads.remove(upload)
    }
  }

  /**
   * Stores the bytes of an upload and those of `tail`, which holds at least one byte where it is given. The caller removes the
   * upload afterwards.
   * @throws RegistryError DIGEST_INVALID, CLIENT_CLOSED, CLIENT_TIMEOUT
   */
  async fromUpload(
    context: Context,
    upload: Upload,
    digest: Digest,
    tail: AsyncIterable<Uint8Array> | undefined,
  ): Promise<PresentBlob> {
    if (upload.size === 0 && tail === undefined) return await this.#empty(digest)
    if (upload.size === 0 && tail !== undefined && isCanonical(digest)) {
      return await this.#stream(digest, tail)
    }
    const whole = tail === undefined ? upload : await this.#uploads.append(context, upload, { source: tail })
    const [first, second] = whole.chain
    if (first === undefined) throw unknownUpload()
    return second === undefined && isCanonical(digest) && isCanonical(first.digest)
      ? await this.#move(whole, first, digest)
      : await this.#assemble(whole, digest)
  }

  async #stream(digest: Digest, source: AsyncIterable<Uint8Array>): Promise<PresentBlob> {
    const size = await this.#driver.create(blobData(digest), new Verifying(source, digest), {
      durable: false,
    })
    return { stored: digest, size }
  }

  async #empty(digest: Digest): Promise<PresentBlob> {
    const nothing = new Uint8Array()
    requireDigest(digestOf(nothing, algorithmOf(digest)), digest)
    const stored = digestOf(nothing)
    await this.#driver.write(blobData(stored), nothing, { durable: false })
    return { stored, size: 0 }
  }

  /** The most frequent case: docker, podman, containerd and others send a blob in one request, then commit. */
  async #move(upload: Upload, segment: Segment, digest: Digest): Promise<PresentBlob> {
    requireDigest(segment.digest, digest)
    const size = segment.end
    const to = blobData(digest)
    const isMoved = await this.#driver.move(partPath(upload, segment.part), to, {
      durable: false,
      keepSource: true,
      size,
    })
    if (isMoved) return { stored: digest, size }
    // The process died between this move and the link, or two requests commit at once. The marker proves that the client had
    // these very bytes; without it, the blob's being there would prove nothing.
    const there = await this.#driver.stat(to, { folders: false })
    if (there?.size === size) return { stored: digest, size }
    throw unknownUpload()
  }

  /**
   * Makes one object of several parts. Unless the store can do that, they are read once, into the blob's place, which shows them when their digest
   * was right. If it can, what it does is visible at once, so that their digest must be known to be right before; either because
   * this process hashed them as they came, or they are read once for that. The parts stay until the upload is removed, so that a retry finds
   * them.
   */
  async #assemble(upload: Upload, digest: Digest): Promise<PresentBlob> {
    const known = isCanonical(digest) ? this.#uploads.digestOf(upload) : undefined
    if (known !== undefined) {
      requireDigest(known, digest)
      return await this.#concatenate(upload, digest)
    }
    // Small ones would be read a second time by the store's driver.
    const isCheap = this.#driver.concatenate !== undefined && this.#hasLargeParts(upload)
    if (isCanonical(digest) && !isCheap) return await this.#stream(digest, this.#segments.read(upload))
    const stored = await this.#rehash(upload, digest)
    return isCheap
      ? await this.#concatenate(upload, stored)
      : await this.#stream(stored, this.#segments.read(upload))
  }

  /** @param stored the digest of all bytes, verified */
  async #concatenate(upload: Upload, stored: Digest): Promise<PresentBlob> {
    const { chain, size } = upload
    const parts = chain.map(({ part, offset, end }) => ({ path: partPath(upload, part), size: end - offset }))
    try {
      await this.#driver.concatenate?.(parts, blobData(stored))
    } catch (error) {
      // Another request may have committed the upload, or cancelled it.
      const [first] = parts
      const isThere = first && (await this.#driver.stat(first.path, { folders: false }))
      throw isThere === undefined ? unknownUpload() : error
    }
    return { stored, size }
  }

  #hasLargeParts({ chain }: Upload): boolean {
    const { minChunk = 0 } = this.#driver
    return chain.slice(0, -1).every(({ offset, end }) => end - offset >= minChunk)
  }

  /**
   * Reads an upload whose bytes are to be verified before they are stored, or whose digest is of another algorithm than the one that
   * blobs are stored under.
   * @returns the canonical digest
   */
  async #rehash(upload: Upload, digest: Digest): Promise<Digest> {
    if (isCanonical(digest)) {
      await drain(new Verifying(this.#segments.read(upload), digest))
      return digest
    }
    const canonical = new Hashing(this.#segments.read(upload), canonicalAlgorithm)
    // Each chunk goes through both hashes.
    await drain(new Verifying(canonical, digest))
    return canonical.digest
  }
}

function isCanonical(digest: Digest): boolean {
  return algorithmOf(digest) === canonicalAlgorithm
}
