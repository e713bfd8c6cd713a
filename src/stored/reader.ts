import { unknownBlob, unknownManifest } from '../registry/absent.ts'
import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import { algorithmOf, canonicalAlgorithm, digestOf, type Digest } from '../registry/digest.ts'
import type { RegistryError } from '../registry/errors.ts'
import { blobMediaType } from '../registry/media-types.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference } from '../registry/reference.ts'
import type { Blob, BlobContent, BlobUse, Reader, StoredManifest } from '../registry/registry.ts'
import type { FileInfo } from '../storage/driver.ts'
import { blobData, layerLink, manifestAliasLink, revisionLink, tagLink } from './paths.ts'
import type { PresentBlob } from './present-blob.ts'
import type { Store } from './store.ts'

const digestOfNothing = digestOf(new Uint8Array())

/** Bytes. Blobs up to this size are read whole and kept in memory, as most configs are. */
const smallBlob = 64 * 1024

/** Seconds for which a URL of a blob is good, as in Distribution. */
const urlLifetime = 20 * 60

export class StoredReader implements Reader {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async openBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Blob> {
    const present = await this.#presentLately(context, repository, digest)
    return this.#blob(context, repository, digest, present)
  }

  async statBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    const { size } = await this.#presentNow(context, repository, digest)
    return { mediaType: blobMediaType, digest, size }
  }

  async locateBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    { method, client }: BlobUse,
  ): Promise<URL | undefined> {
    const { driver } = this.#store
    if (driver.signedUrl === undefined) return undefined
    const { stored } =
      method === 'GET'
        ? await this.#presentLately(context, repository, digest)
        : await this.#presentNow(context, repository, digest)
    return await driver.signedUrl(blobData(stored), { method, expires: urlLifetime, client })
  }

  async getManifest(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest> {
    const digest =
      reference.kind === 'digest'
        ? reference.digest
        : await this.#store.links.read(context, tagLink(repository, reference.tag))
    const stored = digest && (await this.#storedManifest(context, repository, digest))
    const content = stored && (await this.#store.contents.load(context, stored))
    if (content === undefined || digest === undefined) throw unknownManifest(repository, reference)
    return { digest, mediaType: content.mediaType, content: content.bytes }
  }

  /**
   * Looks a blob up in the store: its link in the repository, then its bytes.
   *
   * @param atOnce false: for its bytes only when there is a link, so that what is absent costs an object store one request
   */
  async findBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    { atOnce = true }: { readonly atOnce?: boolean } = {},
  ): Promise<PresentBlob | undefined> {
    const { driver, links, sightings } = this.#store
    const link = links.read(context, layerLink(repository, digest))
    let stored: Digest | undefined
    let info
    const bytesOf = (of: Digest): Promise<FileInfo | undefined> =>
      driver.stat(blobData(of), { folders: false })
    if (atOnce && algorithmOf(digest) === canonicalAlgorithm) {
      // The link can only say what its name says, so both are asked for at once.
      ;[stored, info] = await Promise.all([link, bytesOf(digest)])
      if (stored !== digest) return undefined
    } else {
      stored = await link
      if (stored === undefined) return undefined
      const canonical = stored === digest ? stored : await links.read(context, layerLink(repository, stored))
      info = canonical === stored ? await bytesOf(stored) : undefined
    }
    if (info === undefined || info.isFolder) return undefined
    // What a crash of others left empty is not there: else nobody would push it again.
    if (info.size === 0 && stored !== digestOfNothing) return undefined
    sightings.add(digest, repository)
    return { stored, size: info.size }
  }

  /** Looks a manifest up in the store. Returns the digest that its bytes are stored under. */
  async findManifest(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<Digest | undefined> {
    const { links } = this.#store
    const stored =
      algorithmOf(digest) === canonicalAlgorithm
        ? digest
        : await links.read(context, manifestAliasLink(repository, digest))
    if (stored === undefined) return undefined
    return (await links.read(context, revisionLink(repository, stored))) === stored ? stored : undefined
  }

  async #storedManifest(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<Digest | undefined> {
    const { manifests } = this.#store
    const { deletions } = manifests
    const isStoredName = algorithmOf(digest) === canonicalAlgorithm
    const known = isStoredName ? await manifests.get(repository, digest) : undefined
    if (known !== undefined) return known
    const stored = await this.findManifest(context, repository, digest)
    if (stored !== undefined && isStoredName) manifests.set(repository, digest, stored, deletions)
    return stored
  }

  /** For pulls. @throws BLOB_UNKNOWN */
  async #presentLately(context: Context, repository: RepositoryName, digest: Digest): Promise<PresentBlob> {
    const { blobs } = this.#store
    const { deletions } = blobs
    // Deletes forget the name that a blob is stored under; whoever asks by another one asks the store.
    const isStoredName = algorithmOf(digest) === canonicalAlgorithm
    const known = isStoredName ? await blobs.get(repository, digest) : undefined
    if (known !== undefined) return known
    const present = await this.findBlob(context, repository, digest)
    if (present === undefined) throw unknownBlob(digest)
    if (isStoredName) blobs.set(repository, digest, present, deletions)
    return present
  }

  /** For whoever may rely on it. @throws BLOB_UNKNOWN */
  async #presentNow(context: Context, repository: RepositoryName, digest: Digest): Promise<PresentBlob> {
    // What is about to be pushed is mostly absent. On a disk both are had in the time of one.
    const atOnce = this.#store.driver.minChunk === undefined
    const present = await this.findBlob(context, repository, digest, { atOnce })
    if (present !== undefined) return present
    this.#store.blobs.forget(repository, digest)
    throw unknownBlob(digest)
  }

  #blob(context: Context, repository: RepositoryName, digest: Digest, present: PresentBlob): Blob {
    const { driver, contents, blobs } = this.#store
    const gone = (): RegistryError => {
      blobs.forget(repository, digest)
      return unknownBlob(digest)
    }
    return {
      descriptor: { mediaType: blobMediaType, digest, size: present.size },
      async read(range): Promise<BlobContent> {
        if (present.size <= smallBlob) {
          const content = await contents.load(context, present.stored)
          if (content === undefined || content.bytes.length !== present.size) throw gone()
          return wholeContent(
            range === undefined ? content.bytes : content.bytes.subarray(range.start, range.end + 1),
          )
        }
        const object = await driver.open(blobData(present.stored), range)
        if (object === undefined) throw gone()
        if (object.size !== present.size) {
          await object.close()
          throw gone()
        }
        return object
      },
    }
  }
}

function wholeContent(bytes: Uint8Array): BlobContent {
  return {
    async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
      if (bytes.length > 0) yield bytes
    },
    async close(): Promise<void> {},
  }
}
