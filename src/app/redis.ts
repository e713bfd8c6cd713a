import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { RedisCache } from '../cache/redis-cache.ts'
import type { RedisOptions, RedisServers, RedisTls } from '../cache/redis-options.ts'
import type { Config } from '../config/config.ts'
import { parseRedisAddress, type RedisConfig } from '../config/redis.ts'
import { withoutUndefined } from '../config/schema/values.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { storeIdentity } from '../stored/identity.ts'
import { fileProblem } from '../util/file-problem.ts'
import type { Logger } from '../util/logger.ts'

/** Milliseconds. No request waits longer for a cache, whatever the configuration allows. */
const longestAnswer = 100

export interface SharedCacheSurroundings {
  readonly driver: StorageDriver
  readonly log: Logger
  /** Of this process and its workers, where `http.secret` names none. */
  readonly processSecret: string
}

/**
 * What replicas remember together, when the configuration wants that. Redis need not be there.
 *
 * @throws Error of one line, when a file of `redis.tls` cannot be used, or the library is not installed
 */
export async function createSharedCache(
  { storage, http, redis }: Config,
  { driver, log, processSecret }: SharedCacheSurroundings,
): Promise<RedisCache | undefined> {
  if (storage.cache.blobdescriptor !== 'redis') return undefined
  const mayWrite = !storage.maintenance.readonly.enabled
  return await RedisCache.create({
    redis: await redisOptions(redis),
    log,
    secret: http.secret ?? processSecret,
    identify: () => storeIdentity(driver, mayWrite),
  })
}

/**
 * What the configuration says, in the words of the cache.
 *
 * @throws Error of one line, when a file of `redis.tls` cannot be used
 */
export async function redisOptions(config: RedisConfig): Promise<RedisOptions> {
  return withoutUndefined({
    servers: serversOf(config),
    username: config.username,
    password: config.password,
    database: config.db,
    clientName: config.clientname,
    protocol: config.protocol,
    connectTimeout: config.dialtimeout,
    answerTimeout: Math.min(longestAnswer, config.readtimeout, config.writetimeout),
    reconnect: { shortest: config.minretrybackoff, longest: config.maxretrybackoff },
    redirects: config.maxredirects,
    identity: config.disableidentity ? undefined : { suffix: config.identitysuffix ?? '' },
    tls: await tlsOf(config.tls),
  })
}

/** As Go's library chooses: Sentinels by the name of a master, a cluster by the number of addresses. */
function serversOf(config: RedisConfig): RedisServers {
  const { mastername: master } = config
  const addrs = config.addrs.map(parseRedisAddress).filter((address) => address !== undefined)
  if (master !== undefined) {
    const sentinels = addrs.filter((address) => 'host' in address)
    const { sentinelusername: username, sentinelpassword: password } = config
    return withoutUndefined({ kind: 'sentinel' as const, sentinels, master, username, password })
  }
  const [address, ...others] = addrs
  // The configuration has checked that there is one.
  if (address === undefined) throw new Error('redis.addrs: empty')
  return others.length === 0 ? { kind: 'single', address } : { kind: 'cluster', nodes: addrs }
}

/** On as soon as one key is set; half a pair is not shown. */
async function tlsOf({ certificate, key, rootcas }: RedisConfig['tls']): Promise<RedisTls | undefined> {
  if (certificate === undefined && key === undefined && rootcas.length === 0) return undefined
  const authorities: string[] = []
  for (const path of rootcas) authorities.push(await read('redis.tls.rootcas', path, (ca) => ({ ca })))
  if (certificate === undefined || key === undefined) return { authorities }
  const cert = await read('redis.tls.certificate', certificate, (text) => ({ cert: text }))
  return {
    authorities,
    certificate: cert,
    key: await read('redis.tls.key', key, (text) => ({ cert, key: text })),
  }
}

/** @param use how OpenSSL is to take it, which says whether it can be used */
async function read(
  setting: string,
  path: string,
  use: (text: string) => Parameters<typeof createSecureContext>[0],
): Promise<string> {
  try {
    const text = await readFile(path, 'utf8')
    if (!text.includes('-----BEGIN ')) throw new Error('no PEM in it')
    createSecureContext(use(text))
    return text
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? String(error.reason) : fileProblem(error)
    throw new Error(`${setting}: ${path}: ${reason}`, { cause: error })
  }
}
