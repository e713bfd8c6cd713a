import type { Context } from './context.ts'
import type { Descriptor } from './descriptor.ts'
import type { Digest, DigestAlgorithm } from './digest.ts'
import type { RepositoryName } from './name.ts'
import type { Reference, Tag } from './reference.ts'
import type {
  Blob,
  BlobUse,
  Chunk,
  Deleter,
  Lister,
  ManifestUpload,
  MountSources,
  PutResult,
  Reader,
  Registry,
  StoredManifest,
  UploadStatus,
  Writer,
} from './registry.ts'
import type { UploadId } from './upload-id.ts'

/** Passes every call on: the base of decorators that change a few of them. */
export class ForwardingRegistry implements Registry {
  readonly #reader: Reader
  readonly #writer: Writer
  readonly #deleter: Deleter
  readonly #lister: Lister

  /** The halves may be one and the same registry. */
  constructor(reader: Reader, writer: Writer, deleter: Deleter, lister: Lister) {
    this.#reader = reader
    this.#writer = writer
    this.#deleter = deleter
    this.#lister = lister
  }

  openBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Blob> {
    return this.#reader.openBlob(context, repository, digest)
  }

  statBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    return this.#reader.statBlob(context, repository, digest)
  }

  locateBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    use: BlobUse,
  ): Promise<URL | undefined> {
    return this.#reader.locateBlob(context, repository, digest, use)
  }

  getManifest(context: Context, repository: RepositoryName, reference: Reference): Promise<StoredManifest> {
    return this.#reader.getManifest(context, repository, reference)
  }

  startUpload(
    context: Context,
    repository: RepositoryName,
    algorithm?: DigestAlgorithm,
  ): Promise<UploadStatus> {
    return this.#writer.startUpload(context, repository, algorithm)
  }

  uploadStatus(context: Context, repository: RepositoryName, id: UploadId): Promise<UploadStatus> {
    return this.#writer.uploadStatus(context, repository, id)
  }

  appendUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    chunk: Chunk,
  ): Promise<UploadStatus> {
    return this.#writer.appendUpload(context, repository, id, chunk)
  }

  commitUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    digest: Digest,
    tail?: Chunk,
  ): Promise<Descriptor> {
    return this.#writer.commitUpload(context, repository, id, digest, tail)
  }

  cancelUpload(context: Context, repository: RepositoryName, id: UploadId): Promise<void> {
    return this.#writer.cancelUpload(context, repository, id)
  }

  putBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    source: AsyncIterable<Uint8Array>,
  ): Promise<Descriptor> {
    return this.#writer.putBlob(context, repository, digest, source)
  }

  mountBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    sources: MountSources,
  ): Promise<Descriptor | undefined> {
    return this.#writer.mountBlob(context, repository, digest, sources)
  }

  putManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
    upload: ManifestUpload,
  ): Promise<PutResult> {
    return this.#writer.putManifest(context, repository, reference, upload)
  }

  deleteBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    return this.#deleter.deleteBlob(context, repository, digest)
  }

  deleteManifest(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    return this.#deleter.deleteManifest(context, repository, digest)
  }

  deleteTag(context: Context, repository: RepositoryName, tag: Tag): Promise<void> {
    return this.#deleter.deleteTag(context, repository, tag)
  }

  repositories(context: Context, after?: string): AsyncIterable<RepositoryName> {
    return this.#lister.repositories(context, after)
  }

  tags(context: Context, repository: RepositoryName, after?: string): AsyncIterable<Tag> {
    return this.#lister.tags(context, repository, after)
  }

  referrers(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    after?: string,
  ): AsyncIterable<Descriptor> {
    return this.#lister.referrers(context, repository, subject, after)
  }
}
