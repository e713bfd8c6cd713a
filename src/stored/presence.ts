import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'

/** Milliseconds for which a process may overlook that another one deleted something. */
const staleness = 5_000

const maxEntries = 50_000

/** A blob that a repository has: the digest under which it is stored, and its bytes. */
export interface PresentBlob {
  readonly stored: Digest
  readonly size: number
}

/**
 * What was found in repositories lately, so that a busy pull does not ask the store each time. For pulls only: whoever
 * lets a client rely on something asks the store. Absence is never kept.
 */
export class Presence<T extends object | string> {
  readonly #found = new LRUCache<string, T>({ ...bounded(maxEntries), ttl: staleness })

  #deletions = 0

  /** To be asked before a look at the store, and given to `set` after it. */
  get deletions(): number {
    return this.#deletions
  }

  get(repository: RepositoryName, digest: Digest): T | undefined {
    return this.#found.get(keyOf(repository, digest))
  }

  /** @param deletions as they were before the look: what was seen while something was deleted may be the state before it */
  set(repository: RepositoryName, digest: Digest, present: T, deletions: number): void {
    if (deletions === this.#deletions) this.#found.set(keyOf(repository, digest), present)
  }

  forget(repository: RepositoryName, digest: Digest): void {
    this.#deletions++
    this.#found.delete(keyOf(repository, digest))
  }
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`
}
