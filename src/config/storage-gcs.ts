/** The parameters of the driver for Google Cloud Storage; see `schema/storage-gcs.ts`. Sizes are bytes. */
export interface GcsStorageConfig {
  readonly name: 'gcs'
  readonly bucket: string
  readonly rootdirectory: string
  /** Counts more than `credentials`, as in Distribution. With neither, the machine's own are looked for. */
  readonly keyfile?: string
  /** The fields of a key, such as `client_email` and `private_key`. */
  readonly credentials?: Readonly<Record<string, unknown>>
  /** A multiple of 256 KiB. */
  readonly chunksize: number
  readonly maxconcurrency: number
  readonly useragent?: string
}
