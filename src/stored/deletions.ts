import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'

/** The way to other processes on the same store that remember what they found there, as this one does. */
export interface Deletions {
  /**
   * Tells them that something was deleted here; without a digest, that something changed which the catalog shows.
   *
   * @returns when they know it; after a second at most, and then one may still answer from memory for as long as it does without being
   *   told. Never fails.
   */
  tell(repository: RepositoryName, digest?: Digest): Promise<void>
  /** Calls whenever one of them tells it. */
  onTold(callback: (repository: RepositoryName, digest: Digest | undefined) => void): void
}

/** For a process that is alone. */
export const nobody: Deletions = {
  tell: async () => {},
  onTold: () => {},
}

/** Several ways at once, each to other processes. */
export function allOf(...ways: readonly Deletions[]): Deletions {
  return {
    async tell(repository, digest): Promise<void> {
      await Promise.all(ways.map((way) => way.tell(repository, digest)))
    },
    onTold(callback): void {
      for (const way of ways) way.onTold(callback)
    },
  }
}
