import { setTimeout as delay } from 'node:timers/promises'
import { RedisCache } from '../../src/cache/redis-cache.ts'
import type { RedisOptions } from '../../src/cache/redis-options.ts'
import { digestOf, type Digest } from '../../src/registry/digest.ts'
import { parseRepositoryName, type RepositoryName } from '../../src/registry/name.ts'
import type { RedisServer } from '../support/redis-server.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { recordingLog, type LogEntry } from '../tls/recording-log.ts'

export const repository: RepositoryName = parseRepositoryName('team/app')

export const bytes: Buffer = Buffer.from('{"a":"small config"}')
export const digest: Digest = digestOf(bytes)

export interface OpenCache {
  readonly cache: RedisCache
  readonly entries: readonly LogEntry[]
  /** Whatever it was told. */
  readonly told: string[]
}

/** How to reach one server. */
export function optionsFor(
  server: Pick<RedisServer, 'port'>,
  change: Partial<RedisOptions> = {},
): RedisOptions {
  return {
    servers: { kind: 'single', address: { host: '127.0.0.1', port: server.port } },
    database: 0,
    protocol: 2,
    connectTimeout: 2_000,
    answerTimeout: 100,
    reconnect: { shortest: 20, longest: 200 },
    redirects: 3,
    ...change,
  }
}

/** A process's way to Redis. It does not wait for it. */
export async function openCache(
  test: Cleaner,
  redis: RedisOptions,
  { secret = 'a secret', store = 'a store' }: { readonly secret?: string; readonly store?: string } = {},
): Promise<OpenCache> {
  const { log, entries } = recordingLog()
  const cache = await RedisCache.create({ redis, log, secret, identify: async () => store })
  const told: string[] = []
  cache.deletions.onTold((name, what) => void told.push(`${name}@${what ?? '-'}`))
  cache.start()
  test.after(() => cache.close())
  return { cache, entries, told }
}

/** Asks until the answer is what is wanted. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  within = 10_000,
): Promise<void> {
  const deadline = Date.now() + within
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`)
    await delay(20)
  }
}

/** Waits until both can use Redis and hear each other. */
export async function meet(one: OpenCache, other: OpenCache): Promise<void> {
  await eventually('redis is up', () => one.cache.isUp && other.cache.isUp)
  await eventually('they hear each other', async () => {
    await Promise.all([one.cache.deletions.tell(repository), other.cache.deletions.tell(repository)])
    return one.told.length > 0 && other.told.length > 0
  })
}
