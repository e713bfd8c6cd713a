/** The parameters of the S3 driver, under either of its names; see `schema/storage-s3.ts`. Sizes are bytes. */
export interface S3StorageConfig {
  readonly name: 's3'
  readonly bucket: string
  /** Absent only with `regionendpoint`. */
  readonly region?: string
  /** A URL, or `host:port`. */
  readonly regionendpoint?: string
  /** Not set is not false: version 2 always had it with an endpoint, version 3 never. */
  readonly forcepathstyle?: boolean
  /** Either there are both keys or none. */
  readonly accesskey?: string
  readonly secretkey?: string
  readonly sessiontoken?: string
  readonly encrypt: boolean
  readonly keyid?: string
  readonly secure: boolean
  readonly skipverify: boolean
  readonly v4auth: boolean
  readonly chunksize: number
  readonly multipartcopychunksize: number
  readonly multipartcopymaxconcurrency: number
  readonly multipartcopythresholdsize: number
  readonly rootdirectory: string
  readonly storageclass: S3StorageClass
  readonly objectacl: S3Acl
  readonly usedualstack: boolean
  readonly accelerate: boolean
  readonly usefipsendpoint: boolean
  /** A scheme and a host. */
  readonly redirectendpoint?: string
  readonly loglevel: S3LogLevelName
  readonly useragent?: string
}

export type S3StorageClass =
  | 'NONE'
  | 'STANDARD'
  | 'REDUCED_REDUNDANCY'
  | 'STANDARD_IA'
  | 'ONEZONE_IA'
  | 'INTELLIGENT_TIERING'
  | 'OUTPOSTS'
  | 'GLACIER_IR'
  | 'EXPRESS_ONEZONE'

export type S3Acl =
  | 'private'
  | 'public-read'
  | 'public-read-write'
  | 'authenticated-read'
  | 'aws-exec-read'
  | 'bucket-owner-read'
  | 'bucket-owner-full-control'

export type S3LogLevelName =
  | 'off'
  | 'debug'
  | 'debugwithsigning'
  | 'debugwithhttpbody'
  | 'debugwithrequestretries'
  | 'debugwithrequesterrors'
  | 'debugwitheventstreambody'
