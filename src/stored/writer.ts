import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import { canonicalAlgorithm, type Digest, type DigestAlgorithm } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { blobMediaType } from '../registry/media-types.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference } from '../registry/reference.ts'
import type {
  Chunk,
  ManifestUpload,
  MountSources,
  PutResult,
  UploadStatus,
  Writer,
} from '../registry/registry.ts'
import type { UploadId } from '../registry/upload-id.ts'
import { peek } from '../util/iterables.ts'
import { BlobWriter } from './blob-writer.ts'
import { ManifestWriter } from './manifest-writer.ts'
import { MountFinder } from './mount-finder.ts'
import { blobData, layerLink } from './paths.ts'
import type { PresentBlob } from './present-blob.ts'
import type { StoredReader } from './reader.ts'
import type { Referrers } from './referrers.ts'
import type { Store } from './store.ts'
import { checkOffset, Uploads } from './uploads.ts'

export class StoredWriter implements Writer {
  readonly #store: Store
  readonly #uploads: Uploads
  readonly #blobs: BlobWriter
  readonly #mounts: MountFinder
  readonly #manifests: ManifestWriter

  constructor(store: Store, reader: StoredReader, referrers: Referrers) {
    this.#store = store
    this.#uploads = new Uploads(store.driver)
    this.#blobs = new BlobWriter(store.driver, this.#uploads)
    this.#mounts = new MountFinder(store, reader)
    this.#manifests = new ManifestWriter(store, reader, referrers)
  }

  async startUpload(
    _context: Context,
    repository: RepositoryName,
    algorithm: DigestAlgorithm = canonicalAlgorithm,
  ): Promise<UploadStatus> {
    const { minChunk } = this.#store.driver
    const upload = await this.#uploads.start(repository, algorithm)
    return { ...upload, ...(minChunk !== undefined && { minChunk }) }
  }

  async uploadStatus(_context: Context, repository: RepositoryName, id: UploadId): Promise<UploadStatus> {
    return await this.#uploads.load(repository, id)
  }

  async appendUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    chunk: Chunk,
  ): Promise<UploadStatus> {
    return await this.#uploads.append(context, await this.#uploads.loadFor(repository, id, chunk), chunk)
  }

  async cancelUpload(_context: Context, repository: RepositoryName, id: UploadId): Promise<void> {
    await this.#uploads.remove(await this.#uploads.load(repository, id))
  }

  async commitUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    digest: Digest,
    tail?: Chunk,
  ): Promise<Descriptor> {
    const upload = await this.#uploads.load(repository, id)
    if (tail !== undefined) checkOffset(upload, tail)
    const bytes = tail && (await peek(tail.source))
    let stored: PresentBlob
    try {
      stored = await this.#blobs.fromUpload(context, upload, digest, bytes)
    } catch (error) {
      // Bytes that are not what the client takes them for are of no use to it.
      if (error instanceof RegistryError && error.code === 'DIGEST_INVALID')
        await this.#uploads.remove(upload)
      throw error
    }
    const descriptor = await this.#link(context, repository, digest, stored)
    try {
      await this.#uploads.remove(upload)
    } catch (error) {
      // The blob is there, durably: what is left of its upload is no failure of the push.
      context.log.warn({ err: error, repository, upload: id }, 'committed upload not removed')
    }
    return descriptor
  }

  async putBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    source: AsyncIterable<Uint8Array>,
  ): Promise<Descriptor> {
    const stored = await this.#blobs.fromRequest(context, repository, digest, source)
    return await this.#link(context, repository, digest, stored)
  }

  async mountBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    sources: MountSources,
  ): Promise<Descriptor | undefined> {
    const found = await this.#mounts.find(context, repository, digest, sources)
    return found && (await this.#link(context, repository, digest, found))
  }

  async putManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
    upload: ManifestUpload,
  ): Promise<PutResult> {
    return await this.#manifests.put(context, repository, reference, upload)
  }

  /**
   * The last step of every push of a blob: the link is what makes it visible in the repository. Until now neither the blob's
   * place nor the link need be durable; now they become so together.
   */
  async #link(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    present: PresentBlob,
  ): Promise<Descriptor> {
    const { driver, sightings, blobs } = this.#store
    const { deletions } = blobs
    const content = Buffer.from(present.stored, 'latin1')
    const names = [...new Set([present.stored, digest])]
    await driver.publish([
      { path: blobData(present.stored) },
      // Not asked first whether it is there: who pushes a blob has mostly been told that it is not.
      ...names.map((name) => ({ path: layerLink(repository, name), content })),
    ])
    sightings.add(digest, repository)
    blobs.set(repository, digest, present, deletions)
    return { mediaType: blobMediaType, digest, size: present.size }
  }
}
