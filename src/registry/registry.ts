/**
 * The one noun of this program. Everything is a Registry (stored, proxied) or a function from Registry to Registry.
 *
 * Failures are thrown as RegistryError; those named here are what a caller must expect besides STORAGE_FULL and
 * STORAGE_UNAVAILABLE, which any call may throw. What is absent is reported, never guessed: a method that returns has done
 * what it says, durably, but for uploads that are not committed, which a power cut may shorten or undo.
 */
import type { Context } from './context.ts'
import type { Descriptor } from './descriptor.ts'
import type { Digest, DigestAlgorithm } from './digest.ts'
import type { RepositoryName } from './name.ts'
import type { Reference, Tag } from './reference.ts'
import type { UploadId } from './upload-id.ts'

export interface Registry extends Reader, Writer, Deleter, Lister {}

export type RegistryDecorator = (inner: Registry) => Registry

export interface Reader {
  /**
   * Opens a blob for reading. What it knows of the blob's presence may be a few seconds old.
   * @throws BLOB_UNKNOWN
   */
  openBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Blob>

  /**
   * What a client that is about to push asks: is the blob there, as the store has it now?
   * @throws BLOB_UNKNOWN
   */
  statBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Descriptor>

  /**
   * Where a client gets a blob from the store itself: a URL that is good for that method and for some minutes. Undefined where the
   * registry has to serve it. For a GET, what it knows of the blob's presence may be a few seconds old.
   * @throws BLOB_UNKNOWN, unless there are no such URLs anyhow
   */
  locateBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    use: BlobUse,
  ): Promise<URL | undefined>

  /** @throws MANIFEST_UNKNOWN */
  getManifest(context: Context, repository: RepositoryName, reference: Reference): Promise<StoredManifest>
}

/** What a client wants of a blob. */
export interface BlobUse {
  readonly method: 'GET' | 'HEAD'
  /** Its address, as far as that is known. */
  readonly client: string | undefined
}

/** A blob that was found. Its descriptor carries the digest that was asked for. */
export interface Blob {
  readonly descriptor: Descriptor

  /**
   * Opens a range, which must lie within the blob, or all of it. A chunk is valid only until the next one is asked for.
   * @throws BLOB_UNKNOWN when it went away since it was found
   */
  read(range?: ByteRange): Promise<BlobContent>
}

/** Bytes `start` to `end`, both included, as in RFC 9110, 14.1.2. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface BlobContent extends AsyncIterable<Uint8Array> {
  /** Lets go of content that will not be read (further). Harmless when repeated. */
  close(): Promise<void>
}

/** A manifest as it was pushed, byte for byte. */
export interface StoredManifest {
  /** The digest that was asked for, or the one the tag points at. */
  readonly digest: Digest
  readonly mediaType: string
  readonly content: Uint8Array
}

export interface Writer {
  /** Begins an upload. `algorithm` is that of the digest it will be committed with; sha256 when unset. */
  startUpload(
    context: Context,
    repository: RepositoryName,
    algorithm?: DigestAlgorithm,
  ): Promise<UploadStatus>

  /** @throws BLOB_UPLOAD_UNKNOWN */
  uploadStatus(context: Context, repository: RepositoryName, id: UploadId): Promise<UploadStatus>

  /**
   * Adds bytes to the end of an upload. When the client breaks off, what arrived is kept, to be resumed after it.
   * @throws BLOB_UPLOAD_UNKNOWN, RANGE_INVALID when `chunk.offset` is not the end, CLIENT_CLOSED, CLIENT_TIMEOUT
   */
  appendUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    chunk: Chunk,
  ): Promise<UploadStatus>

  /**
   * Makes a blob of the upload's bytes and those of `tail`, and ends the upload.
   * @throws BLOB_UPLOAD_UNKNOWN, RANGE_INVALID, CLIENT_CLOSED, CLIENT_TIMEOUT (the upload goes on);
   *   DIGEST_INVALID when the bytes are others (the upload is gone)
   */
  commitUpload(
    context: Context,
    repository: RepositoryName,
    id: UploadId,
    digest: Digest,
    tail?: Chunk,
  ): Promise<Descriptor>

  /** @throws BLOB_UPLOAD_UNKNOWN */
  cancelUpload(context: Context, repository: RepositoryName, id: UploadId): Promise<void>

  /**
   * Stores a whole blob in one go, leaving nothing behind when that fails.
   * @throws DIGEST_INVALID, CLIENT_CLOSED, CLIENT_TIMEOUT
   */
  putBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    source: AsyncIterable<Uint8Array>,
  ): Promise<Descriptor>

  /**
   * Makes a blob of another repository a blob of this one, without moving a byte. Undefined when no source has it.
   * How many repositories are looked into does not depend on whether one has the blob.
   */
  mountBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    sources: MountSources,
  ): Promise<Descriptor | undefined>

  /**
   * Stores a manifest under its digest and the tags it is pushed to.
   * @throws MANIFEST_INVALID, DIGEST_INVALID when the reference is another digest; RegistryErrors with one
   *   MANIFEST_BLOB_UNKNOWN for each reference that this repository lacks; TAG_IMMUTABLE when an immutable tag has another
   *   manifest (nothing was written then, unless the tag got it while this one was pushed)
   */
  putManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
    upload: ManifestUpload,
  ): Promise<PutResult>
}

export interface UploadStatus {
  readonly id: UploadId
  /** Bytes that arrived and count: where the next chunk begins. */
  readonly size: number
  /** Bytes that chunks should at least have, but for the last; told when an upload begins. Smaller ones are taken, too. */
  readonly minChunk?: number
}

export interface Chunk {
  /** Where the client says that the chunk begins; the end of the upload when unset. */
  readonly offset?: number
  /** Throws RegistryError CLIENT_CLOSED or CLIENT_TIMEOUT when the client breaks off. */
  readonly source: AsyncIterable<Uint8Array>
}

export interface MountSources {
  /** The one repository to look into; unset: wherever this registry likes to look. */
  readonly from?: RepositoryName
  /** Whether the caller may pull from a repository; unset: any. */
  readonly readable?: (repository: RepositoryName) => Promise<boolean>
}

export interface ManifestUpload {
  readonly mediaType: string
  readonly content: Uint8Array
  /** Tags besides the one that the reference may be. */
  readonly tags?: readonly Tag[]
  /** Whether a tag that has a manifest may not get another one; unset: none. */
  readonly isImmutable?: (tag: Tag) => boolean
}

export interface PutResult {
  /** The digest in the reference, else the canonical one. */
  readonly digest: Digest
  /** What the manifest refers to, where it is a referrer. */
  readonly subject?: Digest
}

export interface Deleter {
  /** @throws BLOB_UNKNOWN, UNSUPPORTED */
  deleteBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<void>

  /** Removes a manifest and every tag that points at it. @throws MANIFEST_UNKNOWN, UNSUPPORTED */
  deleteManifest(context: Context, repository: RepositoryName, digest: Digest): Promise<void>

  /** Removes a tag; its manifest stays. @throws MANIFEST_UNKNOWN, UNSUPPORTED */
  deleteTag(context: Context, repository: RepositoryName, tag: Tag): Promise<void>
}

/** Everything is listed in byte order, from the first name after `after`, which need not exist. */
export interface Lister {
  repositories(context: Context, after?: string): AsyncIterable<RepositoryName>

  /** @throws NAME_UNKNOWN, by the first step of the iteration */
  tags(context: Context, repository: RepositoryName, after?: string): AsyncIterable<Tag>

  /** The manifests whose subject is `subject`, by digest. Empty when there are none, or no such subject or repository. */
  referrers(
    context: Context,
    repository: RepositoryName,
    subject: Digest,
    after?: string,
  ): AsyncIterable<Descriptor>
}
