/**
 * The configuration as the rest of Berth sees it: checked, complete with its defaults, deeply frozen. The names are
 * those of the file, so that `config.storage.delete.enabled` is what the user wrote. Durations are milliseconds.
 */
export interface Config {
  readonly version: '0.1'
  readonly log: LogConfig
  readonly storage: StorageConfig
  readonly http: HttpConfig
  readonly catalog: { readonly maxentries: number }
  readonly tags: { readonly maxtags: number }
  readonly validation: { readonly disabled: boolean }
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export type LogFormatter = 'text' | 'json' | 'logstash'

export interface LogConfig {
  readonly level: LogLevel
  readonly formatter: LogFormatter
  /** Added to every line. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly accesslog: { readonly disabled: boolean }
  /** Accepted, without effect. */
  readonly reportcaller: boolean
}

export interface StorageConfig {
  readonly driver: StorageDriverConfig
  readonly delete: { readonly enabled: boolean }
  readonly redirect: { readonly disable: boolean }
  readonly cache: CacheConfig
  readonly tag: { /** 0: as many as the machine has processors. */ readonly concurrencylimit: number }
  readonly maintenance: {
    readonly uploadpurging: UploadPurgingConfig
    readonly readonly: { readonly enabled: boolean }
  }
}

export type StorageDriverConfig =
  | { readonly name: 'filesystem'; readonly rootdirectory: string; readonly maxthreads: number }
  | { readonly name: 'inmemory' }

export interface CacheConfig {
  readonly blobdescriptor?: 'inmemory' | 'redis'
  /** Entries; 0: no limit. */
  readonly blobdescriptorsize: number
}

export interface UploadPurgingConfig {
  readonly enabled: boolean
  readonly age: number
  readonly interval: number
  readonly dryrun: boolean
}

export interface HttpConfig {
  /** `host:port`, of which the host may be empty and the port 0; a path when `net` is `unix`. */
  readonly addr: string
  readonly net: 'tcp' | 'unix'
  /** Begins and ends with a slash; `/` when not set. */
  readonly prefix: string
  /** An absolute http(s) URL: the base of every `Location`. */
  readonly host?: string
  readonly secret?: string
  readonly relativeurls: boolean
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Not set is not 0: 0 cuts requests in flight at once, as Distribution does. */
  readonly draintimeout?: number
}
