/** What stands between the registry and its store, from the innermost to the outermost; see `schema/middleware.ts`. */
export interface MiddlewareConfig {
  /** Without those that are disabled. */
  readonly storage: readonly StorageMiddlewareConfig[]
}

export type StorageMiddlewareConfig = {
  /** Its place in the file's list, for messages. */ readonly index: number
} & (RedirectConfig | RewriteConfig | CloudFrontConfig | GoogleCdnConfig)

export interface RedirectConfig {
  readonly name: 'redirect'
  readonly baseurl: string
}

export interface RewriteConfig {
  readonly name: 'rewrite'
  readonly scheme?: string
  readonly host?: string
  readonly trimpathprefix?: string
}

/** What both content delivery networks are told. Durations are milliseconds. */
interface SigningConfig {
  /** Perhaps without a scheme. */
  readonly baseurl: string
  /** The path of a file. */
  readonly privatekey: string
  readonly duration: number
  readonly updatefrequency: number
  readonly iprangesurl: string
}

export interface CloudFrontConfig extends SigningConfig {
  readonly name: 'cloudfront'
  readonly keypairid: string
  readonly ipfilteredby: 'none' | 'aws' | 'awsregion'
  /** In lower case. */
  readonly awsregion: readonly string[]
}

export interface GoogleCdnConfig extends SigningConfig {
  readonly name: 'googlecdn'
  readonly keyname: string
  readonly ipfilteredby: 'none' | 'gcp'
}
