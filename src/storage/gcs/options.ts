import type { ObserveRequest } from './observe.ts'

/** Where a store on Google Cloud Storage is, and by whom the driver is watched. Sizes are bytes. */
export interface GcsOptions {
  readonly bucket: string
  /** What all keys begin with. */
  readonly rootDirectory?: string
  /** A file with a service account's key, or what else Google's libraries take as credentials in JSON. */
  readonly keyFile?: string
  /** The content of such a file. */
  readonly credentials?: GcsKey
  /** Up to this size an object is sent in one request, and larger ones in pieces of it; a multiple of 256 KiB. Default: 16 MiB. */
  readonly chunkSize?: number
  /** Requests at once. Default: 50. */
  readonly concurrency?: number
  readonly userAgent?: string
  /** A server that is not Google's: a URL, or `host:port`. Only keys that are given above are shown to it. */
  readonly emulatorHost?: string
  /** The domain of the cloud. Default: that of the credentials, else `googleapis.com`. */
  readonly universeDomain?: string
  /** Where signatures are made for who has no key. Default: `https://iamcredentials.` and the domain. */
  readonly iamEndpoint?: string
  /** Told of each request to the store, also of those that are tried again. */
  readonly onRequest?: ObserveRequest
  /** How long a failing call is tried again, in milliseconds. Default: 30 s; pieces of large objects four times as long. */
  readonly patience?: number
  /** Silence after which a connection counts as dead, in milliseconds. Default: 30 s. */
  readonly stall?: number
}

/** The fields of a file of credentials, such as `type`, `client_email` and `private_key`. */
export type GcsKey = Readonly<Record<string, unknown>>

/** All pieces of an upload but the last are a multiple of this: https://cloud.google.com/storage/docs/performing-resumable-uploads */
export const chunkUnit: number = 256 * 1024
export const defaultChunk: number = 16 * 1024 ** 2
