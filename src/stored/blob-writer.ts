import type { Context } from '../registry/context.ts'
import { algorithmOf, canonicalAlgorithm, digestOf, type Digest } from '../registry/digest.ts'
import { unknownUpload } from '../registry/absent.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { drain, peek } from '../util/iterables.ts'
import { Hashing, requireDigest, Verifying } from './hashing.ts'
import { blobData } from './paths.ts'
import type { PresentBlob } from './presence.ts'
import type { Segment } from './segment.ts'
import { partPath, type Upload, type Uploads } from './uploads.ts'

/**
 * Brings bytes to the place of a blob, once it is sure that they have the digest that the client said. What is there already
 * is replaced by the bytes just verified, which heals a blob that was damaged. The bytes are durable then; their place is when it is
 * published together with the link.
 */
export class BlobWriter {
  readonly #driver: StorageDriver
  readonly #uploads: Uploads

  constructor(driver: StorageDriver, uploads: Uploads) {
    this.#driver = driver
    this.#uploads = uploads
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
      : await this.#copy(whole, digest)
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
    const isMoved = await this.#driver.move(partPath(upload, segment.part), to, { durable: false })
    if (isMoved) return { stored: digest, size }
    // The process died between this move and the link, or two requests commit at once. The marker proves that the client had
    // these very bytes; without it, the blob's being there would prove nothing.
    const there = await this.#driver.stat(to)
    if (there?.size === size) return { stored: digest, size }
    throw unknownUpload()
  }

  /** Reads all segments once, into the blob's place. The parts stay until the upload is removed, so that a retry finds them. */
  async #copy(upload: Upload, digest: Digest): Promise<PresentBlob> {
    const stored = isCanonical(digest) ? digest : await this.#rehash(upload, digest)
    return await this.#stream(stored, this.#bytes(upload))
  }

  /**
   * Reads an upload whose digest is of another algorithm than the one that blobs are stored under.
   * @returns the canonical digest
   */
  async #rehash(upload: Upload, digest: Digest): Promise<Digest> {
    const canonical = new Hashing(this.#bytes(upload), canonicalAlgorithm)
    // Each chunk goes through both hashes.
    await drain(new Verifying(canonical, digest))
    return canonical.digest
  }

  async *#bytes(upload: Upload): AsyncGenerator<Uint8Array, void, undefined> {
    for (const segment of upload.chain) {
      const object = await this.#driver.open(partPath(upload, segment.part))
      if (object === undefined) throw unknownUpload()
      yield* object
    }
  }
}

function isCanonical(digest: Digest): boolean {
  return algorithmOf(digest) === canonicalAlgorithm
}
