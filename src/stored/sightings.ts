import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'

const maxDigests = 20_000
const maxRepositories = 8

/** In which repositories this process lately saw a blob: where a mount without `from` looks first. A hint, never the truth. */
export class Sightings {
  readonly #seen = new LRUCache<Digest, RepositoryName[]>(bounded(maxDigests))

  add(digest: Digest, repository: RepositoryName): void {
    const repositories = this.#seen.get(digest)
    if (repositories === undefined) this.#seen.set(digest, [repository])
    else if (repositories[0] !== repository) {
      const others = repositories.filter((other) => other !== repository)
      this.#seen.set(digest, [repository, ...others].slice(0, maxRepositories))
    }
  }

  /** Latest first. */
  of(digest: Digest): readonly RepositoryName[] {
    return this.#seen.get(digest) ?? []
  }
}
