import type * as library from '@redis/client'
import type { RedisAddress, RedisOptions } from './redis-options.ts'

export type RedisLibrary = typeof library

/** What is sent: a command and its arguments. */
export type RedisCommand = readonly [name: string, ...rest: (string | Buffer)[]]

/** The library's clients for one way to reach Redis, as one. */
export interface RedisClients {
  /** Rejects when there is no hope without beginning anew. */
  connect(): Promise<unknown>
  readonly isReady: boolean
  /** Rejects at once while there is no connection. Texts in the answer are buffers. */
  send(key: string | undefined, command: RedisCommand): Promise<unknown>
  /** Once connected; goes on after breaks. */
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  /** Whoever waits for an answer gets an error. */
  destroy(): void
}

export interface RedisClientEvents {
  readonly onError: (error: unknown) => void
  readonly onReady: () => void
}

/** Commands that may wait to be sent or answered on one connection. */
const longestQueue = 2_000

export function createRedisClients(
  library: RedisLibrary,
  options: RedisOptions,
  events: RedisClientEvents,
): RedisClients {
  const { servers } = options
  if (servers.kind === 'single') return singleClients(library, options, servers.address, events)
  if (servers.kind === 'cluster') return clusterClients(library, options, servers.nodes, events)
  return sentinelClients(library, options, servers, events)
}

function singleClients(
  library: RedisLibrary,
  options: RedisOptions,
  address: RedisAddress,
  { onError, onReady }: RedisClientEvents,
): RedisClients {
  const common = { ...clientOptions(options), ...loginOf(options), RESP: options.protocol }
  const create = (): ReturnType<typeof library.createClient> =>
    library.createClient({ ...common, database: options.database, socket: socketOptions(options, address) })
  const client = create().on('error', onError).on('ready', onReady)
  // While a connection listens, version 2 of the protocol lets it do nothing else.
  const listening = create().on('error', onError)
  return {
    connect: () => Promise.all([client.connect(), listening.connect()]),
    get isReady() {
      return client.isReady
    },
    send: (_key, command) => client.sendCommand([...command], answers(library)),
    subscribe: (channel, listener) => listening.subscribe(channel, listener),
    destroy(): void {
      for (const one of [client, listening]) if (one.isOpen) one.destroy()
    },
  }
}

function clusterClients(
  library: RedisLibrary,
  options: RedisOptions,
  nodes: readonly RedisAddress[],
  { onError, onReady }: RedisClientEvents,
): RedisClients {
  const cluster = library.createCluster({
    RESP: options.protocol,
    rootNodes: nodes.map((node) => ({
      ...clientOptions(options),
      ...loginOf(options),
      socket: tcpOptions(options, node),
    })),
    defaults: { ...clientOptions(options), ...loginOf(options), socket: tcpOptions(options) },
    maxCommandRedirections: options.redirects,
  })
  cluster.on('error', onError).on('node-error', onError).on('node-ready', onReady)
  return {
    connect: () => cluster.connect(),
    get isReady() {
      return cluster.isReady
    },
    // Never from a replica: it may not know yet what was deleted.
    send: (key, command) => cluster.sendCommand(key, false, [...command], answers(library)),
    subscribe: (channel, listener) => cluster.subscribe(channel, listener),
    destroy(): void {
      if (cluster.isOpen) cluster.destroy()
    },
  }
}

function sentinelClients(
  library: RedisLibrary,
  options: RedisOptions,
  servers: Extract<RedisOptions['servers'], { kind: 'sentinel' }>,
  { onError, onReady }: RedisClientEvents,
): RedisClients {
  const sentinel = library.createSentinel({
    name: servers.master,
    RESP: options.protocol,
    sentinelRootNodes: [...servers.sentinels],
    sentinelClientOptions: {
      ...clientOptions(options),
      ...loginOf(servers),
      socket: tcpOptions(options),
    },
    nodeClientOptions: {
      ...clientOptions(options),
      ...loginOf(options),
      database: options.database,
      socket: tcpOptions(options),
    },
    // Commands need not wait for each other's answers: the one connection takes them all.
    masterPoolSize: 1,
    maxCommandRediscovers: 3,
    scanInterval: 10_000,
  })
  sentinel
    .on('error', onError)
    .on('client-error', ({ error }) => onError(error))
    .on('ready', onReady)
  return {
    connect: () => sentinel.connect(),
    get isReady() {
      return sentinel.isReady
    },
    send: (_key, command) => sentinel.sendCommand(false, [...command], answers(library)),
    subscribe: (channel, listener) => sentinel.subscribe(channel, listener),
    destroy(): void {
      if (sentinel.isOpen) void sentinel.destroy().catch(() => {})
    },
  }
}

/** Of every connection. */
function clientOptions({ clientName, identity }: RedisOptions) {
  return {
    ...(clientName !== undefined && { name: clientName }),
    disableClientInfo: identity === undefined,
    ...(identity !== undefined && identity.suffix !== '' && { clientInfoTag: identity.suffix }),
    // Whoever cannot be asked now is not worth waiting for.
    disableOfflineQueue: true,
    commandsQueueMaxLength: longestQueue,
    maintNotifications: 'disabled',
  } satisfies Partial<library.RedisClientOptions>
}

function loginOf({ username, password }: { readonly username?: string; readonly password?: string }) {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
}

/** Texts as bytes: a content is none. */
function answers({ RESP_TYPES }: RedisLibrary): { readonly typeMapping: { readonly 36: typeof Buffer } } {
  return { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }
}

function socketOptions(options: RedisOptions, address: RedisAddress) {
  return 'path' in address
    ? { path: address.path, tls: false as const, ...socketTimes(options) }
    : tcpOptions(options, address)
}

function tcpOptions(options: RedisOptions, address?: RedisAddress) {
  const { tls } = options
  return {
    ...socketTimes(options),
    ...(address !== undefined && 'host' in address && { host: address.host, port: address.port }),
    ...(tls !== undefined && {
      tls: true as const,
      ...(tls.certificate !== undefined && { cert: tls.certificate }),
      ...(tls.key !== undefined && { key: tls.key }),
      ...(tls.authorities.length > 0 && { ca: [...tls.authorities] }),
    }),
  }
}

function socketTimes({ connectTimeout, reconnect: { shortest, longest } }: RedisOptions) {
  return {
    connectTimeout,
    // Spread out, so that not all processes come back in the same moment.
    reconnectStrategy: (retries: number): number =>
      Math.min(shortest * 2 ** Math.min(retries, 20), longest) * (0.75 + Math.random() / 2),
  }
}
