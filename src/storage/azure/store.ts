import type { ContainerClient } from '@azure/storage-blob'
import type { Limiter } from '../object-store/limiter.ts'
import type { UploadMemory } from '../object-store/upload-memory.ts'
import type { Access } from './credentials.ts'
import type { Keys } from './keys.ts'
import type { Requests } from './requests.ts'
import type { Sdk } from './sdk.ts'

/** What the parts of the driver share. */
export interface Store {
  readonly sdk: Sdk
  readonly client: ContainerClient
  readonly requests: Requests
  /** Signs URLs, and vouches for sources of copies. */
  readonly access: Access
  readonly keys: Keys
  readonly memory: UploadMemory
  /** Of blocks that the store copies. */
  readonly copies: Limiter
  readonly chunkSize: number
  readonly copyPolls: number
  readonly copyPollDelay: number
  /** Names that one request lists; Azure's own limit is 5,000. */
  readonly pageSize: number
}
