import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { SharedPresence } from './shared-cache.ts'

/** Milliseconds for which a process may overlook that another one deleted something. */
const staleness = 5_000

const maxEntries = 50_000

/** A look at the store, as it began. */
export interface Look {
  readonly deletions: number
  /** Milliseconds since 1970, for others. */
  readonly since: number
  /** Milliseconds of a clock that never goes back, for this process. */
  readonly begun: number
}

/**
 * What was found in repositories lately, so that a busy pull does not ask the store each time. For pulls only: whoever
 * lets a client rely on something asks the store. Absence is never kept.
 */
export class Presence<T extends object | string> {
  readonly #shared: SharedPresence<T> | undefined
  readonly #found = new LRUCache<string, T>({ ...bounded(maxEntries), ttl: staleness })
  /** Others may not know of these yet, or have lost what they were told. */
  readonly #forgotten = new LRUCache<string, true>({ ...bounded(maxEntries), ttl: staleness })
  #deletions = 0

  /** @param shared what others found, asked when this process knows nothing */
  constructor(shared?: SharedPresence<T>) {
    this.#shared = shared
  }

  /** To be asked before a look at the store, and given to `set` after it. */
  get deletions(): Look {
    return { deletions: this.#deletions, since: Date.now(), begun: performance.now() }
  }

  get(repository: RepositoryName, digest: Digest): T | undefined | Promise<T | undefined> {
    const key = keyOf(repository, digest)
    const found = this.#found.get(key)
    if (found !== undefined || this.#shared === undefined || this.#forgotten.has(key)) return found
    return this.#ask(this.#shared, repository, digest)
  }

  /** @param look as it was before: what was seen while something was deleted may be the state before it */
  set(repository: RepositoryName, digest: Digest, present: T, look: Look): void {
    if (look.deletions !== this.#deletions) return
    // A look may take long while the store is slow, and what it saw may have been deleted elsewhere since.
    const ttl = staleness - Math.ceil(performance.now() - look.begun)
    if (ttl <= 0) return
    this.#found.set(keyOf(repository, digest), present, { ttl })
    this.#shared?.keep(repository, digest, present, look.since)
  }

  forget(repository: RepositoryName, digest: Digest): void {
    const key = keyOf(repository, digest)
    this.#deletions++
    this.#found.delete(key)
    if (this.#shared !== undefined) this.#forgotten.set(key, true)
  }

  async #ask(shared: SharedPresence<T>, repository: RepositoryName, digest: Digest): Promise<T | undefined> {
    const key = keyOf(repository, digest)
    const seen = await shared.find(repository, digest)
    // It may have been deleted while the answer was on its way.
    if (seen === undefined || this.#forgotten.has(key)) return undefined
    // What others saw gets no second life here: the time since their look counts.
    const ttl = staleness - Math.ceil(seen.age)
    if (ttl > 0 && ttl <= staleness) this.#found.set(key, seen.present, { ttl })
    return seen.present
  }
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`
}
