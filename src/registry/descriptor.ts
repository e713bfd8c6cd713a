import type { Digest } from './digest.ts'

/** What names a piece of content, by the OCI image specification, "OCI Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}
