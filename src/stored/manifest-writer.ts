import type { Context } from '../registry/context.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import { algorithmOf, digestOf, type Digest } from '../registry/digest.ts'
import { RegistryError, RegistryErrors } from '../registry/errors.ts'
import { maxManifestSize, mayBeAbsent, parseManifest, type Manifest } from '../registry/manifest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Reference, Tag } from '../registry/reference.ts'
import type { ManifestUpload, PutResult } from '../registry/registry.ts'
import type { Publication, StoragePath } from '../storage/driver.ts'
import { mapAhead } from '../util/iterables.ts'
import { blobData, manifestAliasLink, revisionLink, tagHistoryLink, tagLink } from './paths.ts'
import type { StoredReader } from './reader.ts'
import type { Referrers } from './referrers.ts'
import type { Store } from './store.ts'

/** References of a manifest that are looked up at once. */
const width = 16

/** How often a manifest is written again that somebody keeps deleting. */
const attempts = 3

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
    const tags = new Set(upload.tags)
    if (reference.kind === 'tag') tags.add(reference.tag)
    const immutable = new Set([...tags].filter((tag) => upload.isImmutable?.(tag)))
    await this.#checkImmutable(context, repository, immutable, stored)
    await this.#checkReferences(context, repository, manifest)

    const { deletions } = this.#store.manifests
    const revision = revisionLink(repository, stored)
    let refusal: RegistryError | undefined
    for (let attempt = 1; ; attempt++) {
      refusal = await this.#publish(context, repository, {
        manifest,
        stored,
        named,
        content,
        tags,
        immutable,
      })
      // Somebody may have deleted the manifest meanwhile; no tag may be left pointing at nothing, nor one be missing.
      if ((await this.#store.links.read(context, revision)) === stored) break
      if (attempt === attempts) {
        const cause = new Error(`${stored} was deleted ${attempts} times while it was pushed`)
        throw new RegistryError('STORAGE_UNAVAILABLE', { cause })
      }
    }

    this.#store.manifests.set(repository, named, stored, deletions)
    this.#store.tree.changed(repository)
    // Not waited for: a catalog that is late by that much is none the worse.
    void this.#store.deletions.tell(repository)
    if (refusal !== undefined) throw refusal
    return { digest: named, ...(manifest.subject !== undefined && { subject: manifest.subject.digest }) }
  }

  /**
   * History before the pointer, as Distribution does. A tag that moves from another manifest waits until the new one is durable:
   * a power cut may undo the push, and must not take the old one with it. So does a tag that can be set only once: left pointing at
   * nothing, it could not be mended by pushing another one.
   *
   * @returns why the manifest did not get all of its tags: somebody else was first
   */
  async #publish(context: Context, repository: RepositoryName, put: Put): Promise<RegistryError | undefined> {
    const { driver, links } = this.#store
    const { manifest, stored, named, content, tags, immutable } = put
    const link = (path: StoragePath): Promise<Publication> => links.publication(context, path, stored)
    // Before the tags: a delete takes these first, so that whoever finds the revision finds their absence too.
    const revision = await link(revisionLink(repository, stored))
    const mutable = [...tags].filter((tag) => !immutable.has(tag))
    const pointers = await Promise.all(mutable.map((tag) => link(tagLink(repository, tag))))
    const waiting = await Promise.all(
      pointers.map(async (pointer) => immutable.size > 0 || (await this.#mustWait(pointer))),
    )
    await driver.publish([
      await this.#publishedContent(stored, content),
      ...this.#referrers.publication(repository, manifest, { digest: stored, size: content.length }),
      ...(named === stored ? [] : [await link(manifestAliasLink(repository, named))]),
      revision,
      ...(await Promise.all([...tags].map((tag) => link(tagHistoryLink(repository, tag, stored))))),
      ...pointers.filter((_, index) => waiting[index] === false),
    ])
    for (const tag of immutable) {
      const holder = await links.claim(tagLink(repository, tag), stored)
      if (holder !== stored) return tagImmutable(tag, holder)
    }
    if (waiting.includes(true)) await driver.publish(pointers.filter((_, index) => waiting[index] === true))
    return undefined
  }

  /** Whether a tag moves from another manifest, where the new one is not durable before it in any case. */
  async #mustWait({ path, content }: Publication): Promise<boolean> {
    const { driver } = this.#store
    if (content === undefined || driver.minChunk !== undefined) return false
    return (await driver.stat(path)) !== undefined
  }

  /**
   * What is refused leaves no trace, unless it comes in the same moment as what it is refused for.
   *
   * @throws RegistryError TAG_IMMUTABLE
   */
  async #checkImmutable(
    context: Context,
    repository: RepositoryName,
    immutable: ReadonlySet<Tag>,
    stored: Digest,
  ): Promise<void> {
    for (const tag of immutable) {
      const holder = await this.#store.links.read(context, tagLink(repository, tag))
      if (holder !== undefined && holder !== stored) throw tagImmutable(tag, holder)
    }
  }

  async #publishedContent(stored: Digest, content: Uint8Array): Promise<Publication> {
    const path = blobData(stored)
    const { driver } = this.#store
    if (driver.minChunk !== undefined) return { path, content }
    const there = await driver.read(path, maxManifestSize)
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
      if (size === undefined) return !isChild && descriptors.every(mayBeAbsent) ? undefined : unknown(digest)
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
    const info = stored && (await this.#store.driver.stat(blobData(stored), { folders: false }))
    return info === undefined ? await this.#sizeOfBlob(context, repository, digest) : info.size
  }
}

/** A manifest that was checked, and all the names it gets. */
interface Put {
  readonly manifest: Manifest
  readonly stored: Digest
  /** The digest in the request. */
  readonly named: Digest
  readonly content: Uint8Array
  readonly tags: ReadonlySet<Tag>
  /** Those of the tags that are set only while they have no manifest. */
  readonly immutable: ReadonlySet<Tag>
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

function tagImmutable(tag: Tag, holder: Digest): RegistryError {
  return new RegistryError('TAG_IMMUTABLE', {
    message: `the tag ${tag} is immutable and has ${holder}`,
    detail: { tag, digest: holder },
  })
}

function unknown(digest: Digest): RegistryError {
  return new RegistryError('MANIFEST_BLOB_UNKNOWN', { detail: digest })
}

function wrongSize(digest: Digest, actual: number): RegistryError {
  return new RegistryError('MANIFEST_INVALID', {
    detail: `${digest} has ${actual} bytes, the manifest says otherwise`,
  })
}
