import type { Log } from '../../registry/context.ts'
import type { S3LogLevel } from './log-level.ts'
import type { ObserveRequest } from './requests.ts'

/** Where an S3 store is, how its objects are kept, and by whom the driver is watched. Sizes are bytes. */
export interface S3Options {
  readonly bucket: string
  /** Default: what Amazon's SDK finds, or `us-east-1` when there is an `endpoint`. */
  readonly region?: string
  /** A server that is not Amazon's: a URL, or `host:port`. */
  readonly endpoint?: string
  /** The bucket in the path, or in the host's name; `auto`: whatever answers. Default: `auto` with an endpoint, else `host`. */
  readonly addressing?: 'path' | 'host' | 'auto'
  /** TLS, where the endpoint does not say. Default: true. */
  readonly secure?: boolean
  readonly skipVerify?: boolean
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly caFile?: string
  /** Default: what Amazon's SDK finds: variables, files, web identity, the machine's role. */
  readonly credentials?: S3Credentials
  /** What all keys begin with. */
  readonly rootDirectory?: string
  readonly encryption?: { readonly keyId?: string }
  /** `NONE` and `STANDARD` are the store's own default. */
  readonly storageClass?: string
  readonly acl?: string
  /** Up to this size an object is sent in one request, and larger ones in parts of it. Default: 10 MiB. */
  readonly chunkSize?: number
  /** Default: 32 MiB. */
  readonly copyChunkSize?: number
  /** Parts that this driver has copied at once. Default: 100. */
  readonly copyConcurrency?: number
  /** Larger objects are copied in parts. Default: 32 MiB. */
  readonly copyThreshold?: number
  readonly dualStack?: boolean
  readonly accelerate?: boolean
  readonly fips?: boolean
  /** Scheme and host that signed URLs get instead of the store's. */
  readonly redirectEndpoint?: string
  readonly userAgent?: string
  readonly logLevel?: S3LogLevel
  readonly log?: Log
  /** Told of each request to the store, also of those that are tried again. */
  readonly onRequest?: ObserveRequest
  /** How long a failing call is tried again, in milliseconds. Default: 30 s; parts of large objects four times as long. */
  readonly patience?: number
  /** Silence after which a connection counts as dead, in milliseconds. Default: 30 s. */
  readonly stall?: number
}

export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken?: string
}
