import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Deletions } from './deletions.ts'
import type { PresentBlob } from './present-blob.ts'

/**
 * What processes on several machines remember together, below what each remembers alone. No call fails, and none takes longer than a
 * fraction of a second: what goes wrong there counts as not found.
 */
export interface SharedCache {
  /**
   * The bytes that somebody left there under a digest. Whoever asks checks them against it: nobody else did.
   *
   * @returns undefined when there are none, or too many
   */
  content(stored: Digest): Promise<Uint8Array | undefined>
  /** Leaves bytes there; not waited for. */
  keepContent(stored: Digest, bytes: Uint8Array): void
  readonly blobs: SharedPresence<PresentBlob>
  readonly manifests: SharedPresence<Digest>
  /** The way to those processes. Whoever hears of a deletion no longer asks for what was deleted. */
  readonly deletions: Deletions
}

/** What somebody found in repositories lately. */
export interface SharedPresence<Present> {
  /** Only what a process with the same secret saw in the same store, a few seconds ago at most, is given. */
  find(repository: RepositoryName, digest: Digest): Promise<Seen<Present> | undefined>
  /**
   * Tells the others; not waited for. What was deleted within the last seconds is not brought back.
   *
   * @param since when the look at the store began, in milliseconds since 1970
   */
  keep(repository: RepositoryName, digest: Digest, present: Present, since: number): void
}

export interface Seen<Present> {
  readonly present: Present
  /** Milliseconds since the look at the store began, at most: the clocks of two machines differ. */
  readonly age: number
}
