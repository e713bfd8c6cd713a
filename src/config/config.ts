import type { AccessConfig } from './access.ts'
import type { AuditConfig } from './audit.ts'
import type { AuthConfig } from './auth.ts'
import type { MiddlewareConfig } from './middleware.ts'
import type { RedisConfig } from './redis.ts'
import type { AzureStorageConfig } from './storage-azure.ts'
import type { GcsStorageConfig } from './storage-gcs.ts'
import type { S3StorageConfig } from './storage-s3.ts'
import type { WorkersConfig } from './workers.ts'

/**
 * The configuration as the rest of Berth sees it: checked, complete with its defaults, deeply frozen. The names are
 * those of the file, so that `config.storage.delete.enabled` is what the user wrote. Durations are milliseconds.
 */
export interface Config {
  readonly version: '0.1'
  readonly log: LogConfig
  readonly storage: StorageConfig
  readonly middleware: MiddlewareConfig
  readonly http: HttpConfig
  readonly health: HealthConfig
  readonly catalog: { readonly maxentries: number }
  readonly tags: { readonly maxtags: number }
  readonly validation: { readonly disabled: boolean }
  readonly auth: AuthConfig
  readonly access: AccessConfig
  readonly audit: AuditConfig
  readonly workers: WorkersConfig
  readonly redis: RedisConfig
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export type LogFormatter = 'text' | 'json' | 'logstash'

export interface LogConfig {
  readonly level: LogLevel
  readonly formatter: LogFormatter
  /** Added to every line. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly accesslog: { readonly disabled: boolean }
  /** Adds the place in the source to every line. */
  readonly reportcaller: boolean
  readonly hooks: readonly LogHookConfig[]
}

export interface LogHookConfig {
  readonly disabled: boolean
  /** Only `mail` has a meaning. */
  readonly type: string
  readonly levels: readonly string[]
  readonly options: {
    readonly smtp: {
      readonly addr?: string
      readonly username?: string
      readonly password?: string
      readonly insecure: boolean
    }
    readonly from: string
    readonly to: readonly string[]
  }
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
  | S3StorageConfig
  | GcsStorageConfig
  | AzureStorageConfig

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
  /** How long it goes on after the order to stop, while `/` says that it ends. */
  readonly draindelay: number
  readonly tls: TlsConfig
  readonly http2: { readonly disabled: boolean }
  readonly h2c: { readonly enabled: boolean }
  readonly debug: DebugConfig
  /** Addresses and ranges. Not set is not empty: see `http/forwarded.ts`. */
  readonly trustedproxies?: readonly string[]
  readonly timeouts: {
    /** Until the whole head of a request is there. */
    readonly header: number
    /** Between two requests of a connection. */
    readonly idle: number
    /** Silence within the body of a request. */
    readonly body: number
    /** One step of an answer that its client does not take. */
    readonly answer: number
  }
  readonly limits: {
    /** Bytes of a request's head. */
    readonly headersize: number
    /** 0: no limit. */
    readonly connections: number
  }
}

/** TLS is on when there is a certificate or a `letsencrypt.cachefile`; there are never both. */
export interface TlsConfig {
  readonly certificate?: string
  /** There whenever `certificate` is. */
  readonly key?: string
  readonly clientcas: readonly string[]
  readonly clientauth: ClientAuth
  readonly minimumtls: 'tls1.0' | 'tls1.1' | 'tls1.2' | 'tls1.3'
  /** Names of Go; empty: Distribution's defaults. */
  readonly ciphersuites: readonly string[]
  readonly letsencrypt: LetsEncryptConfig
}

export type ClientAuth =
  | 'request-client-cert'
  | 'require-any-client-cert'
  | 'verify-client-cert-if-given'
  | 'require-and-verify-client-cert'

export interface LetsEncryptConfig {
  readonly cachefile?: string
  readonly email?: string
  readonly hosts: readonly string[]
  readonly directoryurl?: string
  /** Of a plain listener that answers http-01 challenges. */
  readonly http01addr?: string
}

export interface DebugConfig {
  /** Absent: no debug listener. */
  readonly addr?: string
  readonly prometheus: { readonly enabled: boolean; readonly path: string }
}

export interface HealthConfig {
  readonly storagedriver: HealthRhythm & { readonly enabled: boolean }
  readonly file: readonly (HealthRhythm & { readonly file: string })[]
  readonly http: readonly (HealthRhythm & {
    readonly uri: string
    readonly headers: Readonly<Record<string, readonly string[]>>
    readonly statuscode: number
    /** 0: none of its own. */
    readonly timeout: number
  })[]
  readonly tcp: readonly (HealthRhythm & { readonly addr: string; readonly timeout: number })[]
}

export interface HealthRhythm {
  readonly interval: number
  /** Failures in a row that count; 0 or less: the first. */
  readonly threshold: number
}
