import type { Context } from '../registry/context.ts'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { MountSources } from '../registry/registry.ts'
import { mapAhead } from '../util/iterables.ts'
import type { StoredLister } from './lister.ts'
import type { PresentBlob } from './presence.ts'
import type { StoredReader } from './reader.ts'
import type { Store } from './store.ts'

/** Repositories that a mount without `from` looks into. */
const maxCandidates = 50

/** Repositories looked into at once. */
const width = 8

/** Finds a repository to mount a blob from. */
export class MountFinder {
  readonly #store: Store
  readonly #reader: StoredReader
  readonly #lister: StoredLister

  constructor(store: Store, reader: StoredReader, lister: StoredLister) {
    this.#store = store
    this.#reader = reader
    this.#lister = lister
  }

  /**
   * Looks into every candidate, also after one had the blob: how long that takes must not tell a caller whether a repository
   * that he may not read has it.
   */
  async find(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
    sources: MountSources,
  ): Promise<PresentBlob | undefined> {
    const candidates =
      sources.from === undefined ? await this.#candidates(context, repository, digest) : [sources.from]
    const looks = mapAhead(candidates, width, async (candidate) => {
      const found = await this.#reader.findBlob(context, candidate, digest)
      const readable = sources.readable === undefined || (await sources.readable(candidate))
      return readable ? found : undefined
    })
    let first: PresentBlob | undefined
    for await (const found of looks) first ??= found
    return first
  }

  /** Where this process saw the blob lately, then the neighbours below the same first component. */
  async #candidates(
    context: Context,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<Iterable<RepositoryName>> {
    const candidates = new Set(this.#store.sightings.of(digest))
    candidates.delete(repository)
    const family = repository.split('/', 1)[0]
    for await (const neighbour of this.#lister.repositories(context, family && `${family}/`)) {
      if (!neighbour.startsWith(`${family}/`) || candidates.size >= maxCandidates) break
      if (neighbour !== repository) candidates.add(neighbour)
    }
    return candidates
  }
}
