import { unknownBlob, unknownManifest } from '../registry/absent.ts'
import type { Context } from '../registry/context.ts'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import { isTag, type Tag } from '../registry/reference.ts'
import type { Deleter } from '../registry/registry.ts'
import { drain, mapAhead } from '../util/iterables.ts'
import { layerLink, revisionLink, tagHistoryFolder, tagLink, tagsFolder } from './paths.ts'
import type { StoredReader } from './reader.ts'
import type { Store } from './store.ts'

/** Tags whose link is read at once. */
const width = 16

/** Removes links. The bytes stay until they are collected. */
export class StoredDeleter implements Deleter {
  readonly #store: Store
  readonly #reader: StoredReader

  constructor(store: Store, reader: StoredReader) {
    this.#store = store
    this.#reader = reader
  }

  /** The canonical link is what counts: under another digest's name, the blob is found by it alone. */
  async deleteBlob(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    const { driver, blobs, deletions } = this.#store
    const found = await this.#reader.findBlob(context, repository, digest)
    if (found === undefined) {
      // Another process may have deleted it, and this one may remember it.
      blobs.forget(repository, digest)
      throw unknownBlob(digest)
    }
    for (const name of new Set([digest, found.stored])) {
      await driver.delete(layerLink(repository, name))
      blobs.forget(repository, name)
      await deletions.tell(repository, name)
    }
  }

  /**
   * Tags go first, so that none points at a manifest that is gone; and once more afterwards, for a push may have set one
   * meanwhile. Other names of the manifest, and its entry among referrers, mean nothing without the revision.
   */
  async deleteManifest(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    const { driver, manifests, tree, deletions } = this.#store
    const stored = await this.#reader.findManifest(context, repository, digest)
    if (stored === undefined) {
      manifests.forget(repository, digest)
      throw unknownManifest(repository, { kind: 'digest', digest })
    }
    await this.#deleteTagsOf(context, repository, stored)
    await driver.delete(revisionLink(repository, stored))
    await this.#deleteTagsOf(context, repository, stored)
    for (const name of [stored, digest]) manifests.forget(repository, name)
    tree.changed(repository)
    await Promise.all([stored, digest].map((name) => deletions.tell(repository, name)))
  }

  async deleteTag(context: Context, repository: RepositoryName, tag: Tag): Promise<void> {
    const current = await this.#store.links.read(context, tagLink(repository, tag))
    await this.#removeTag(repository, tag)
    if (current === undefined) throw unknownManifest(repository, { kind: 'tag', tag })
  }

  async #deleteTagsOf(context: Context, repository: RepositoryName, digest: Digest): Promise<void> {
    const { driver, links } = this.#store
    const removals = mapAhead(driver.list(tagsFolder(repository)), width, async (name) => {
      if (!isTag(name)) return
      if ((await links.read(context, tagLink(repository, name))) === digest)
        await this.#removeTag(repository, name)
    })
    await drain(removals)
  }

  /** The pointer, then what it pointed at before: a push that sets the tag meanwhile loses of it the history at most. */
  async #removeTag(repository: RepositoryName, tag: Tag): Promise<void> {
    await this.#store.driver.delete(tagLink(repository, tag))
    await this.#store.driver.deleteTree(tagHistoryFolder(repository, tag))
  }
}
