import type { Context } from '../registry/context.ts'
import { digestAlgorithms, digestOf, type Digest } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { readManifest } from '../registry/manifest.ts'
import type { RepositoryName } from '../registry/name.ts'
import { isTag, type Tag } from '../registry/reference.ts'
import type { Deleter } from '../registry/registry.ts'
import { mapAhead } from '../util/iterables.ts'
import { layerLink, manifestAliasLink, revisionLink, tagFolder, tagLink, tagsFolder } from './paths.ts'
import { unknownManifest, type StoredReader } from './reader.ts'
import type { Referrers } from './referrers.ts'
import type { Store } from './store.ts'

/** Tags whose link is read at once. */
const width = 16

/** Removes links. The bytes stay until they are collected. */
export class StoredDeleter implements Deleter {
  readonly #store: Store
  readonly #reader: StoredReader
  readonly #referrers: Referrers

  constructor(store: Store, reader: StoredReader, referrers: Referrers) {
    this.#store = store
    this.#reader = reader
    this.#referrers = referrers
  }

  async deleteBlob(_context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    this.#store.blobs.forget(repository, digest)
    if (!(await this.#store.driver.delete(layerLink(repository, digest))))
      throw new RegistryError('BLOB_UNKNOWN')
    this.#store.blobs.forget(repository, digest)
  }

  /**
   * Tags go first, so that none points at a manifest that is gone; and once more afterwards, for a push may have set one
   * meanwhile.
   */
  async deleteManifest(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    const { driver, contents, manifests, folders } = this.#store
    const stored = await this.#reader.findManifest(context, repository, digest)
    if (stored === undefined) throw unknownManifest(repository, { kind: 'digest', digest })
    const content = await contents.load(context, stored)
    const manifest = content && readManifest(content.bytes)

    await this.#deleteTagsOf(context, repository, stored)
    await driver.delete(revisionLink(repository, stored))
    for (const name of content
      ? digestAlgorithms.map((algorithm) => digestOf(content.bytes, algorithm))
      : [stored]) {
      if (name !== stored) await driver.delete(manifestAliasLink(repository, name))
      manifests.forget(repository, name)
    }
    if (manifest !== undefined) await this.#referrers.remove(repository, manifest, stored)
    await this.#deleteTagsOf(context, repository, stored)
    folders.changed(repository)
  }

  async deleteTag(context: Context, repository: RepositoryName, tag: Tag): Promise<void> {
    const { driver, links, folders } = this.#store
    const current = await links.read(context, tagLink(repository, tag))
    await driver.deleteTree(tagFolder(repository, tag))
    folders.changed(repository)
    if (current === undefined) throw unknownManifest(repository, { kind: 'tag', tag })
  }

  async #deleteTagsOf(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    const { driver, links } = this.#store
    const tags = mapAhead(driver.list(tagsFolder(repository)), width, async (name) => {
      if (!isTag(name)) return undefined
      return (await links.read(context, tagLink(repository, name))) === digest ? name : undefined
    })
    for await (const tag of tags) {
      if (tag !== undefined) await driver.deleteTree(tagFolder(repository, tag))
    }
  }
}
