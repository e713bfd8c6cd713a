import type { Log } from '../registry/context.ts'
import type { Digest } from '../registry/digest.ts'
import type { Deletions } from '../stored/deletions.ts'
import type { PresentBlob } from '../stored/present-blob.ts'
import type { SharedCache, SharedPresence } from '../stored/shared-cache.ts'
import { GuardedRedis } from './guarded-redis.ts'
import { channel, contentKey } from './keys.ts'
import { PresenceValues } from './presence-value.ts'
import type { RedisLibrary } from './redis-clients.ts'
import { loadRedisLibrary, RedisConnection } from './redis-connection.ts'
import { RedisDeletions } from './redis-deletions.ts'
import type { RedisOptions } from './redis-options.ts'
import { RedisPresence } from './redis-presence.ts'
import { reasonOf } from './redis-reply-error.ts'
import { SpokenState } from './spoken-state.ts'

/** Bytes of the largest content that is kept there: nearly all manifests are smaller. */
const largestContent = 256 * 1024

/** Milliseconds. Contents cannot become wrong; what nobody asks for need not lie there for ever. */
const contentLife = 24 * 60 * 60 * 1000

/** Milliseconds between two attempts to find out what the store is called. */
const identityRhythm = 30_000

/** What Redis says when it lets us do other things, and not listen. */
const isRefusal = /^(?:NOPERM|ERR) /

export interface RedisCacheOptions {
  readonly redis: RedisOptions
  readonly log: Log
  /** Makes what others say believable: replicas share it. */
  readonly secret: string
  /** What tells this store from others; undefined when nobody knows. May fail. */
  readonly identify: () => Promise<string | undefined>
}

/**
 * What replicas remember together in Redis. Nothing in there is trusted: contents are checked by their digest, sightings are sealed and
 * live for seconds, and when Redis is away, slow or full, all goes on as without it.
 */
export class RedisCache implements SharedCache {
  readonly #redis: GuardedRedis
  readonly #connection: RedisConnection
  readonly #deletions: RedisDeletions
  readonly #options: RedisCacheOptions
  #values: PresenceValues | undefined
  #identityTimer: NodeJS.Timeout | undefined
  readonly blobs: SharedPresence<PresentBlob>
  readonly manifests: SharedPresence<Digest>

  /** @throws Error of one line when the library is not installed */
  static async create(options: RedisCacheOptions): Promise<RedisCache> {
    return new RedisCache(options, await loadRedisLibrary())
  }

  private constructor(options: RedisCacheOptions, library: RedisLibrary) {
    const { redis, log } = options
    this.#options = options
    const secrets = secretsOf(redis)
    const deafness = new SpokenState({
      log,
      lost: 'deletions by other replicas are not heard at once',
      found: 'deletions by other replicas are heard at once again',
    })
    this.#connection = new RedisConnection(library, {
      redis,
      channel,
      onMessage: (message) => this.#deletions.heard(message),
      onListening: () => {
        deafness.found()
        this.#deletions.listening()
      },
      onDeaf: (error) => {
        // That nothing works is said elsewhere.
        const reason = reasonOf(error, secrets)
        if (isRefusal.test(reason)) deafness.lost(reason)
      },
      onTrouble: (error) => this.#redis.lost(error),
      onReady: () => void this.#redis.connected(),
    })
    this.#redis = new GuardedRedis(this.#connection, redis.answerTimeout, log, secrets)
    this.#deletions = new RedisDeletions(this.#redis)
    const values = (): PresenceValues | undefined => this.#values
    this.blobs = new RedisPresence<PresentBlob>({
      redis: this.#redis,
      kind: 'blob',
      values,
      toSize: ({ size }) => size,
      fromSize: (digest, size) => (size === undefined ? undefined : { stored: digest, size }),
    })
    this.manifests = new RedisPresence<Digest>({
      redis: this.#redis,
      kind: 'manifest',
      values,
      toSize: () => undefined,
      fromSize: (digest) => digest,
    })
  }

  /** Looks for Redis from now on. Does not wait for it, and does not fail without it. */
  start(): void {
    this.#connection.start()
    void this.#identify()
  }

  get deletions(): Deletions {
    return this.#deletions
  }

  /** Whether Redis answers. */
  get isUp(): boolean {
    return this.#redis.isUp
  }

  async content(stored: Digest): Promise<Uint8Array | undefined> {
    const key = contentKey(stored)
    // One byte more than there should be, since nobody knows what else somebody has put there.
    const answer = await this.#redis.read(key, ['GETRANGE', key, '0', String(largestContent)])
    const isContent = Buffer.isBuffer(answer) && answer.length > 0 && answer.length <= largestContent
    return isContent ? answer : undefined
  }

  keepContent(stored: Digest, bytes: Uint8Array): void {
    if (bytes.length === 0 || bytes.length > largestContent) return
    const key = contentKey(stored)
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    void this.#redis.write(key, ['SET', key, value, 'PX', String(contentLife)])
  }

  async close(): Promise<void> {
    clearTimeout(this.#identityTimer)
    await this.#deletions.close()
    this.#connection.close()
  }

  async #identify(): Promise<void> {
    const { identify, secret, log } = this.#options
    try {
      const store = await identify()
      if (store !== undefined) this.#values = new PresenceValues(secret, store)
    } catch (error) {
      log.debug({ err: error }, 'store not identified')
    }
    if (this.#values !== undefined) return
    this.#identityTimer = setTimeout(() => void this.#identify(), identityRhythm)
    this.#identityTimer.unref()
  }
}

function secretsOf({ password, servers }: RedisOptions): readonly string[] {
  const sentinels = servers.kind === 'sentinel' ? servers.password : undefined
  return [password, sentinels].filter((one) => one !== undefined)
}
