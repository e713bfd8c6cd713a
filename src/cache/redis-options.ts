/** How to reach Redis. Durations are milliseconds. */
export interface RedisOptions {
  readonly servers: RedisServers
  readonly username?: string
  readonly password?: string
  /** Not with a cluster, which has one database alone. */
  readonly database: number
  /** What the connections are called in `CLIENT LIST`. */
  readonly clientName?: string
  /** Version of the protocol; 2 is what every server speaks. */
  readonly protocol: 2 | 3
  readonly connectTimeout: number
  /** Whatever has no answer by then counts as not found. */
  readonly answerTimeout: number
  /** Between the end of a connection and the next one: doubled from the one to the other. */
  readonly reconnect: { readonly shortest: number; readonly longest: number }
  /** Redirects of a cluster that are followed. */
  readonly redirects: number
  /** What is added to the name of the library that the server is told; undefined: it is told nothing. */
  readonly identity?: { readonly suffix: string }
  readonly tls?: RedisTls
}

export type RedisServers =
  | { readonly kind: 'single'; readonly address: RedisAddress }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisHost[]
      readonly master: string
      readonly username?: string
      readonly password?: string
    }

export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** A host, or the path of a unix socket. */
export type RedisAddress = RedisHost | { readonly path: string }

/** PEM. */
export interface RedisTls {
  readonly certificate?: string
  readonly key?: string
  /** Empty: the public authorities. */
  readonly authorities: readonly string[]
}
