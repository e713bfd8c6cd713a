import type { Keys } from '../object-store/keys.ts'
import type { Requests } from './requests.ts'
import type { Sdk } from './sdk.ts'
import type { UploadMemory } from '../object-store/upload-memory.ts'
import type { WriteParameters } from './write-parameters.ts'
import type { Limiter } from '../object-store/limiter.ts'

/** What the parts of the driver share. */
export interface Store {
  readonly sdk: Sdk
  readonly requests: Requests
  readonly bucket: string
  readonly keys: Keys
  /** Encryption, class and ACL of what is written. */
  readonly parameters: WriteParameters
  readonly memory: UploadMemory
  /** Of copies of parts. */
  readonly copies: Limiter
  /** Multipart uploads that this process has under way, by their ids. */
  readonly uploads: Set<string>
  readonly chunkSize: number
  readonly copyChunkSize: number
  readonly copyThreshold: number
  /** Names that one request lists; S3's own limit is 1,000. */
  readonly pageSize: number
  /** Whether bodies need a hash in their signature: without TLS nothing else vouches for them. */
  readonly signsBodies: boolean
}
