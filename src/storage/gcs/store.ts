import type { Keys } from '../object-store/keys.ts'
import type { UploadMemory } from '../object-store/upload-memory.ts'
import type { Addresses } from './endpoint.ts'
import type { Requests } from './requests.ts'

/** What the parts of the driver share. */
export interface Store {
  readonly requests: Requests
  readonly addresses: Addresses
  readonly bucket: string
  readonly endpoint: URL
  readonly iamEndpoint: string
  readonly keys: Keys
  readonly memory: UploadMemory
  readonly chunkSize: number
  /** Names that one request lists; Google's own limit is 1,000. */
  readonly pageSize: number
}
