import type { DigestAlgorithm } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { UploadId } from '../registry/upload-id.ts'
import type { StoragePath } from '../storage/driver.ts'
import { uploadEntry } from './paths.ts'
import type { Segment } from './segment.ts'

/** An upload as its folder tells it. */
export interface Upload {
  readonly repository: RepositoryName
  readonly id: UploadId
  /** That of the digest it is to be committed with. */
  readonly algorithm: DigestAlgorithm
  /** The segments that count: all of them, or those from where a request wants to go on. */
  readonly chain: readonly Segment[]
  /** Bytes that count. */
  readonly size: number
  /** All that lies in its folder, where all was listed. */
  readonly entries?: readonly string[]
}

/** The name of the object with the bytes of a segment. */
export function partEntry(part: string): `part-${string}` {
  return `part-${part}`
}

/** Where the bytes of a segment lie. */
export function partPath({ repository, id }: Pick<Upload, 'repository' | 'id'>, part: string): StoragePath {
  return uploadEntry(repository, id, partEntry(part))
}
