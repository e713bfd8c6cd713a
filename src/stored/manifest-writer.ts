import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import { algorithmOf, digestOf, type Digest } from '../registry/digest.ts'
import { RegistryError, RegistryErrors } from '../registry/errors.ts'
import { maxManifestSize, mayBeAbsent, parseManifest, type Manifest } from '../registry/manifest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference, Tag } from '../registry/reference.ts'
import type { ManifestUpload, PutResult } from '../registry/registry.ts'
import type { Publication } from '../storage/driver.ts'
import { mapAhead } from '../util/iterables.ts'
import { blobData, manifestAliasLink, revisionLink, tagHistoryLink, tagLink } from './paths.ts'
import type { StoredReader } from './reader.ts'
import type { Referrers } from './referrers.ts'
import type { Store } from './store.ts'

/** References of a manifest that are looked up at once. */
const width = 16

/** Stores manifests: their bytes first, the links that make them visible last, so that nothing visible is ever incomplete. */
export class ManifestWriter {
  readonly #store: Store
  readonly #reader: StoredReader
  readonly #referrers: Referrers

  constructor(store: Store, reader: StoredReader, referrers: Referrers) {
    this.#store = store
    this.#reader = reader
    this.#referrers = referrers
  }

  async put(
    context: Context,
    repository: RepositoryName,
    reference: Reference,
    upload: ManifestUpload,
  ): Promise<PutResult> {
    const { content } = upload
    const manifest = parseManifest(content, upload.mediaType)
    const stored = digestOf(content)
    const named = reference.kind === 'digest' ? reference.digest : stored
    if (digestOf(content, algorithmOf(named)) !== named) throw new RegistryError('DIGEST_INVALID')
    await this.#checkReferences(context, repository, manifest)

    const { driver, links } = this.#store
    const tags = new Set(upload.tags)
    if (reference.kind === 'tag') tags.add(reference.tag)
    const revision = revisionLink(repository, stored)
    await driver.publish([
      await this.#publishedContent(stored, content),
      ...this.#referrers.publication(repository, manifest, { digest: stored, size: content.length }),
      ...(named === stored
        ? []
        : [await links.publication(context, manifestAliasLink(repository, named), stored)]),
      await links.publication(context, revision, stored),
      ...(await this.#publishedTags(context, repository, tags, stored)),
    ])
    // Somebody may have deleted the manifest since its link was written; a tag must not be left pointing at nothing.
    if (tags.size > 0) await driver.publish([await links.publication(context, revision, stored)])

    this.#store.manifests.set(repository, named, stored)
    this.#store.folders.changed(repository)
    return { digest: named, ...(manifest.subject !== undefined && { subject: manifest.subject.digest }) }
  }

  /** History before the pointer, as Distribution does; the pointer is replaced in one step. */
  async #publishedTags(
    context: Context,
    repository: RepositoryName,
    tags: Iterable<Tag>,
    digest: Digest,
  ): Promise<readonly Publication[]> {
    const paths = [...tags].flatMap((tag) => [
      tagHistoryLink(repository, tag, digest),
      tagLink(repository, tag),
    ])
    return await Promise.all(paths.map((path) => this.#store.links.publication(context, path, digest)))
  }

  async #publishedContent(stored: Digest, content: Uint8Array): Promise<Publication> {
    const path = blobData(stored)
    const there = await this.#store.driver.read(path, maxManifestSize)
    return there?.equals(content) === true ? { path } : { path, content }
  }

  /**
   * @throws RegistryErrors with one MANIFEST_BLOB_UNKNOWN for each reference that the repository lacks; RegistryError
   *   MANIFEST_INVALID when a reference states another size than what is stored has
   */
  async #checkReferences(context: Context, repository: RepositoryName, manifest: Manifest): Promise<void> {
    const failures: RegistryError[] = []
    // One digest may be named several times, in descriptors that say different things of it: all of them are checked.
    const checks = mapAhead(byDigest(manifest), width, async ([digest, { isChild, descriptors }]) => {
      const size = isChild
        ? await this.#sizeOfChild(context, repository, digest)
        : await this.#sizeOfBlob(context, repository, digest)
      if (size === undefined) return descriptors.every(mayBeAbsent) ? undefined : unknown(digest)
      return descriptors.every((descriptor) => descriptor.size === size) ? undefined : wrongSize(digest, size)
    })
    for await (const failure of checks) if (failure !== undefined) failures.push(failure)
    if (failures.length > 0) throw new RegistryErrors(failures)
  }

  async #sizeOfBlob(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<number | undefined> {
    return (await this.#reader.findBlob(context, repository, digest))?.size
  }

  /** Distribution looks for the children of an index among blobs too: caches of BuildKit are indexes of layers. */
  async #sizeOfChild(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<number | undefined> {
    const stored = await this.#reader.findManifest(context, repository, digest)
    const info = stored && (await this.#store.driver.stat(blobData(stored)))
    return info === undefined ? await this.#sizeOfBlob(context, repository, digest) : info.size
  }
}

interface References {
  readonly isChild: boolean
  readonly descriptors: Descriptor[]
}

function byDigest(manifest: Manifest): ReadonlyMap<Digest, References> {
  const references = new Map<Digest, References>()
  const isChild = manifest.manifests.length > 0
  for (const descriptor of [...manifest.blobs, ...manifest.manifests]) {
    const known = references.get(descriptor.digest)
    if (known === undefined) references.set(descriptor.digest, { isChild, descriptors: [descriptor] })
    else known.descriptors.push(descriptor)
  }
  return references
}

function unknown(digest: Digest): RegistryError {
  return new RegistryError('MANIFEST_BLOB_UNKNOWN', { detail: digest })
}

function wrongSize(digest: Digest, actual: number): RegistryError {
  return new RegistryError('MANIFEST_INVALID', {
    detail: `${digest} has ${actual} bytes, the manifest says otherwise`,
  })
}
