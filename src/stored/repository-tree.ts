import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { take } from '../util/iterables.ts'
import { digestsBelow } from './digest-folders.ts'
import { looksLikeLink } from './links.ts'
import { repositoriesFolder, revisionLink, revisionsFolder } from './paths.ts'

/** Milliseconds for which the catalog may overlook what another process pushed or deleted. */
const staleness = 5_000

const maxFolders = 50_000

/** Folders that are looked at at once. */
const ahead = 16

/** What the catalog must know of a folder below `repositories/`. */
export interface RepositoryFolder {
  /** The repository that the folder is, if it has a manifest: one that was emptied is none. */
  readonly repository?: RepositoryName
  /** Whether blobs have been linked there, with a manifest or not. */
  readonly hasBlobs: boolean
  /** The folders in it that may lead to further repositories, in byte order. */
  readonly children: readonly string[]
}

/** The tree of repositories, each folder of it looked at when the catalog comes by, and remembered for seconds. */
export class RepositoryTree {
  readonly #driver: StorageDriver
  readonly #known = new LRUCache<string, RepositoryFolder>({ ...bounded(maxFolders), ttl: staleness })
  #changes = 0

  constructor(driver: StorageDriver) {
    this.#driver = driver
  }

  /** What is remembered of a folder. */
  known(name: string): RepositoryFolder | undefined {
    return this.#known.get(name)
  }

  /** Looks at `prefix + children[at]`, and at what a listing comes to next, at once. */
  async lookAhead(prefix: string, children: readonly string[], at: number): Promise<RepositoryFolder> {
    const names = children.slice(at, at + ahead).map((child) => prefix + child)
    const [folder] = await Promise.all(names.map((name) => this.look(name)))
    return folder ?? { hasBlobs: false, children: [] }
  }

  /** @param name of a repository, or a leading part of one; empty: the root */
  async look(name: string): Promise<RepositoryFolder> {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const changes = this.#changes
    const children: string[] = []
    let hasManifests = false
    let hasBlobs = false
    for await (const child of this.#driver.list(repositoriesFolder(name === '' ? undefined : name))) {
      if (child === '_manifests') hasManifests = true
      else if (child === '_layers') hasBlobs = true
      // The beginning of a repository's name is one itself. What else somebody put there is none of ours.
      else if (isRepositoryName(name === '' ? child : `${name}/${child}`)) children.push(child)
    }
    const isRepository = hasManifests && isRepositoryName(name) && (await this.hasManifest(name))
    const folder = { ...(isRepository && { repository: name }), hasBlobs, children }
    // What was seen while this process changed something may be the state before it.
    if (changes === this.#changes) this.#known.set(name, folder)
    return folder
  }

  /** Whether a repository has a manifest, as the store has it now. */
  async hasManifest(repository: RepositoryName): Promise<boolean> {
    // An object store has no empty folders, and no half objects.
    if (this.#driver.minChunk !== undefined)
      return (await take(this.#driver.list(revisionsFolder(repository)), 1)).length > 0
    for await (const digest of digestsBelow(this.#driver, (algorithm) =>
      revisionsFolder(repository, algorithm),
    )) {
      // Distribution leaves an empty folder where it deleted a manifest, and its crashes leave links that hold nothing.
      if (looksLikeLink(await this.#driver.stat(revisionLink(repository, digest), { folders: false })))
        return true
    }
    return false
  }

  /** To be called when this process made or deleted something in a repository, so that it sees its own changes at once. */
  changed(repository: RepositoryName): void {
    this.#changes++
    for (let end = repository.length; end > 0; end = repository.lastIndexOf('/', end - 1)) {
      this.#known.delete(repository.slice(0, end))
    }
    this.#known.delete('')
  }
}
