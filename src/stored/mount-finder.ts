import type { Context } from '../registry/context.ts'
import type { Digest } from '../registry/digest.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'
import type { MountSources } from '../registry/registry.ts'
import { mapAhead } from '../util/iterables.ts'
import type { PresentBlob } from './present-blob.ts'
import type { StoredReader } from './reader.ts'
import type { Store } from './store.ts'

/** Repositories that a mount without `from` looks into. */
const maxCandidates = 50

/** Folders that are searched for neighbours: there may be many with no blob in them. */
const maxLooks = 200

/** Repositories looked into at once. */
const width = 8

/** Finds a repository to mount a blob from. */
export class MountFinder {
  readonly #store: Store
  readonly #reader: StoredReader

  constructor(store: Store, reader: StoredReader) {
    this.#store = store
    this.#reader = reader
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
      sources.from === undefined ? await this.#candidates(repository, digest) : [sources.from]
    const looks = mapAhead(candidates, width, async (candidate) => {
      const found = await this.#reader.findBlob(context, candidate, digest)
      const readable = sources.readable === undefined || (await sources.readable(candidate))
      return readable ? found : undefined
    })
    let first: PresentBlob | undefined
    for await (const found of looks) first ??= found
    return first
  }

  /**
   * Where this process saw the blob lately, then the neighbours: those in the same folder first, then all below the same first
   * component, from the top down.
   */
  async #candidates(repository: RepositoryName, digest: Digest): Promise<readonly RepositoryName[]> {
    const candidates = new Set(this.#store.sightings.of(digest))
    const folders = new Set([parentOf(repository), repository.split('/', 1)[0] ?? ''])
    let looks = 0
    // A set is iterated in the order of insertion, to what is added meanwhile too.
    for (const folder of folders) {
      if (candidates.size > maxCandidates || ++looks > maxLooks) break
      const { children, hasBlobs } = await this.#store.tree.look(folder)
      if (hasBlobs && isRepositoryName(folder)) candidates.add(folder)
      for (const child of children) folders.add(`${folder}/${child}`)
    }
    candidates.delete(repository)
    return [...candidates].slice(0, maxCandidates)
  }
}

/** The folder that a repository lies in; that of its own first component when it has but one. */
function parentOf(repository: RepositoryName): string {
  const slash = repository.lastIndexOf('/')
  return slash < 0 ? repository : repository.slice(0, slash)
}
