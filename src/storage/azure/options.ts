import type { Log } from '../../registry/context.ts'
import type { ObserveRequest } from './requests.ts'

/** Where a container of Azure Blob Storage is, and by whom the driver is watched. Sizes are bytes, times milliseconds. */
export interface AzureOptions {
  readonly accountName: string
  readonly container: string
  readonly credentials: AzureCredentials
  /** The domain of the service. Default: `core.windows.net`. */
  readonly realm?: string
  /** Default: `https://ACCOUNT.blob.REALM`. */
  readonly serviceUrl?: string
  /** What all names begin with. Default: nothing, and a slash where Distribution 2 wrote already; see `keys.ts`. */
  readonly rootDirectory?: string
  readonly skipVerify?: boolean
  /** Who gives out tokens, where it is not Microsoft's public cloud: what `AZURE_AUTHORITY_HOST` says. */
  readonly authorityHost?: string
  /** How often at least it is asked whether a copy has ended that the store did not do at once; -1: not at all. Default: 5. */
  readonly copyPolls?: number
  /** Waited before the first of these; longer before each further one. Default: 100. */
  readonly copyPollDelay?: number
  /** Up to this size an object is sent in one request, and larger ones in blocks of it. Default: 10 MiB. */
  readonly chunkSize?: number
  readonly userAgent?: string
  readonly log?: Log
  /** Told of each request to the store, also of those that are tried again. */
  readonly onRequest?: ObserveRequest
  /** How long a failing call is tried again. Default: 30 s; blocks of large objects four times as long. */
  readonly patience?: number
  /** Silence after which a connection counts as dead. Default: 30 s. */
  readonly stall?: number
}

export type AzureCredentials =
  | { readonly kind: 'shared-key'; readonly key: string }
  | {
      readonly kind: 'client-secret'
      readonly tenantId: string
      readonly clientId: string
      readonly secret: string
    }
  /** What Azure's SDK finds: variables, workload identity, the machine's identity, the command line's login. */
  | { readonly kind: 'default' }
