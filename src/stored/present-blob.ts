import type { Digest } from '../registry/digest.ts'

/** A blob that a repository has: the digest under which it is stored, and its bytes. */
export interface PresentBlob {
  readonly stored: Digest
  readonly size: number
}
