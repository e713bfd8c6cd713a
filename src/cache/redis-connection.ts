import {
  createRedisClients,
  type RedisClients,
  type RedisCommand,
  type RedisLibrary,
} from './redis-clients.ts'
import type { RedisOptions } from './redis-options.ts'

/** Milliseconds without a connection after which all is begun anew: a handshake may hang for good. */
const patience = 20_000

/** Milliseconds between looks at that. */
const rhythm = 5_000

export interface RedisConnectionOptions {
  readonly redis: RedisOptions
  /** What is listened to. */
  readonly channel: string
  readonly onMessage: (message: string) => void
  /** Whenever messages are heard from now on. */
  readonly onListening: () => void
  /** It cannot be reached, does not let us in, or broke off. */
  readonly onTrouble: (error: unknown) => void
  /** Messages cannot be listened to. */
  readonly onDeaf: (error: unknown) => void
  readonly onReady: () => void
}

/**
 * A large library, and needed by few.
 *
 * @throws Error of one line when it is not installed
 */
export async function loadRedisLibrary(): Promise<RedisLibrary> {
  try {
    return await import('@redis/client')
  } catch (error) {
    const text =
      'storage.cache.blobdescriptor: redis needs the package @redis/client: npm install @redis/client'
    throw new Error(text, { cause: error })
  }
}

/** The way to Redis, which is looked for again whenever it is lost, until it is closed. */
export class RedisConnection {
  readonly #library: RedisLibrary
  readonly #options: RedisConnectionOptions
  #clients: RedisClients | undefined
  #isClosed = false
  /** Milliseconds since when there was none. */
  #lostSince = performance.now()
  #watch: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined

  constructor(library: RedisLibrary, options: RedisConnectionOptions) {
    this.#library = library
    this.#options = options
  }

  /** Looks for Redis from now on. Does not wait for it. */
  start(): void {
    this.#clients = this.#open()
    this.#watch = setInterval(() => this.#look(), rhythm)
    this.#watch.unref()
  }

  get isReady(): boolean {
    return this.#clients?.isReady === true
  }

  /**
   * Sends a command, to whichever node of a cluster has the key.
   *
   * @throws Error at once while there is no connection; what Redis answers
   */
  async send(key: string | undefined, command: RedisCommand): Promise<unknown> {
    if (this.#clients === undefined) throw new Error('not connected')
    return await this.#clients.send(key, command)
  }

  /** Begins anew: the other side says nothing more, and TCP may take a quarter of an hour to notice. */
  renew(): void {
    if (this.#isClosed) return
    clearTimeout(this.#again)
    this.#clients?.destroy()
    this.#clients = this.#open()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#watch)
    clearTimeout(this.#again)
    this.#clients?.destroy()
  }

  #open(): RedisClients {
    const { redis, onTrouble, onReady } = this.#options
    this.#lostSince = performance.now()
    const clients: RedisClients = createRedisClients(this.#library, redis, {
      onError: (error) => {
        if (this.#isCurrent(clients)) onTrouble(error)
      },
      onReady: () => {
        if (this.#isCurrent(clients)) onReady()
      },
    })
    void this.#begin(clients)
    return clients
  }

  async #begin(clients: RedisClients): Promise<void> {
    // Until these are the current ones.
    await Promise.resolve()
    const { onReady, onTrouble } = this.#options
    try {
      await clients.connect()
    } catch (error) {
      if (!this.#isCurrent(clients)) return
      onTrouble(error)
      this.#soon(() => this.renew())
      return
    }
    if (!this.#isCurrent(clients)) return clients.destroy()
    onReady()
    await this.#listen(clients)
  }

  async #listen(clients: RedisClients): Promise<void> {
    const { channel, onMessage, onListening, onDeaf } = this.#options
    try {
      await clients.subscribe(channel, onMessage)
    } catch (error) {
      if (!this.#isCurrent(clients)) return
      onDeaf(error)
      this.#soon(() => void this.#listen(clients))
      return
    }
    if (this.#isCurrent(clients)) onListening()
  }

  #isCurrent(clients: RedisClients): boolean {
    return !this.#isClosed && this.#clients === clients
  }

  #soon(action: () => void): void {
    if (this.#isClosed) return
    clearTimeout(this.#again)
    this.#again = setTimeout(action, this.#options.redis.reconnect.longest * (0.75 + Math.random() / 2))
    this.#again.unref()
  }

  #look(): void {
    const now = performance.now()
    if (this.isReady) this.#lostSince = now
    else if (now - this.#lostSince > patience) this.renew()
  }
}
