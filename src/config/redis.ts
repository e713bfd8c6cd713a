/** How to reach the shared cache. Keys that have no effect here are left out. Durations are milliseconds. */
export interface RedisConfig {
  /** Each `host:port` or the path of a unix socket; empty: no Redis. Without `mastername`, several are a cluster. */
  readonly addrs: readonly string[]
  /** With it, `addrs` are Sentinels. */
  readonly mastername?: string
  readonly username?: string
  readonly password?: string
  readonly sentinelusername?: string
  readonly sentinelpassword?: string
  readonly db: number
  readonly clientname?: string
  readonly protocol: 2 | 3
  readonly dialtimeout: number
  readonly readtimeout: number
  readonly writetimeout: number
  readonly minretrybackoff: number
  readonly maxretrybackoff: number
  readonly maxredirects: number
  readonly disableidentity: boolean
  readonly identitysuffix?: string
  /** TLS is on when there is any of these. Half a pair is not shown, as in Distribution 3.1. */
  readonly tls: { readonly certificate?: string; readonly key?: string; readonly rootcas: readonly string[] }
}

/** A host, or the path of a unix socket. */
export type RedisAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/** What Redis listens on, where an address names no port. */
const usualPort = 6379

/**
 * Reads where Redis is. Go's library takes what begins with a slash for a unix socket, and a port alone for one of this machine.
 *
 * @returns undefined when it is no address
 */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  if (/^\/[^\0]+$/.test(text)) return { path: text }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@[\]]+))?(?::(\d{1,5}))?$/.exec(text)
  const here = match?.[3] === undefined ? undefined : 'localhost'
  const host = match?.[1] ?? match?.[2] ?? here
  const port = Number(match?.[3] ?? usualPort)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
