import type { Config, StorageDriverConfig } from './config/config.ts'
import { withDeletesDisabled } from './decorators/deletes-disabled.ts'
import { readOnly } from './decorators/read-only.ts'
import type { Exchange } from './http/exchange.ts'
import { createHandler } from './http/handler.ts'
import type { HttpSettings } from './http/settings.ts'
import { defaultHttpSettings } from './http/settings.ts'
import type { Registry, RegistryDecorator } from './registry/registry.ts'
import { Listener, type ListenerOptions } from './server/listener.ts'
import { requestLogs } from './server/request-log.ts'
import { Upkeep, type UpkeepTask } from './server/upkeep.ts'
import { createDriver } from './storage/create-driver.ts'
import { readOnlyDriver } from './storage/read-only.ts'
import type { StorageDriver } from './storage/driver.ts'
import { purgeUploads } from './stored/upload-purge.ts'
import { createStoredRegistry } from './stored/stored-registry.ts'
import type { AccessLog } from './util/access-log.ts'
import type { Logger } from './util/logger.ts'

export interface AppOptions {
  readonly config: Config
  readonly log: Logger
  readonly accessLog?: AccessLog
}

export interface App {
  readonly driver: StorageDriver
  readonly registry: Registry
  readonly listener: Listener
  readonly upkeep: Upkeep
  readonly tasks: readonly UpkeepTask[]
}

/** The composition root: from a configuration to everything that serves it. Nothing is started yet. */
export function createApp({ config, log, accessLog }: AppOptions): App {
  const isReadOnly = config.storage.maintenance.readonly.enabled
  const store = createDriver(driverOptions(config.storage.driver))
  const driver = isReadOnly ? readOnlyDriver(store) : store
  const registry = decorate(createStoredRegistry(driver), [
    ...(config.storage.delete.enabled ? [] : [withDeletesDisabled]),
    ...(isReadOnly ? [readOnly] : []),
  ])
  const handler = createHandler({
    registry,
    settings: httpSettings(config),
    logOf: requestLogs(log),
    ...(accessLog && { onAnswered: (exchange: Exchange) => accessLog.line(entryOf(exchange)) }),
  })
  const listener = new Listener(handler, listenerOptions(config))
  return {
    driver,
    registry,
    listener,
    upkeep: new Upkeep(log),
    tasks: isReadOnly ? [] : upkeepTasks(driver, config, log),
  }
}

/** The last decorator is the outermost. */
function decorate(registry: Registry, decorators: readonly RegistryDecorator[]): Registry {
  return decorators.reduce((inner, decorator) => decorator(inner), registry)
}

function driverOptions(driver: StorageDriverConfig): Parameters<typeof createDriver>[0] {
  return driver.name === 'filesystem'
    ? { kind: 'filesystem', rootDirectory: driver.rootdirectory }
    : { kind: 'inmemory' }
}

function httpSettings({ http, catalog, tags }: Config): HttpSettings {
  return {
    ...defaultHttpSettings,
    ...(http.host !== undefined && { host: new URL(http.host) }),
    relative: http.relativeurls,
    prefix: http.prefix,
    headers: http.headers,
    maxCatalogEntries: catalog.maxentries,
    maxTags: tags.maxtags,
  }
}

const minute = 60 * 1000
const day = 24 * 60 * minute

/** Distribution's defaults: abandoned uploads go after a week, looked for once a day from some time in the first hour on. */
function upkeepTasks(driver: StorageDriver, config: Config, log: Logger): readonly UpkeepTask[] {
  const { enabled, age, interval, dryrun } = config.storage.maintenance.uploadpurging
  const purge: UpkeepTask = {
    name: 'upload purging',
    delay: Math.random() * 60 * minute,
    interval: Math.max(interval, minute),
    run: () => purgeUploads(driver, { age, dryRun: dryrun }, log),
  }
  // Whatever is being written is written to all the time: what was not for a day, its process left when it died.
  const tidy: UpkeepTask = {
    name: 'leftovers',
    delay: 0,
    interval: day,
    run: () => driver.removeLeftovers(day),
  }
  return enabled ? [tidy, purge] : [tidy]
}

function listenerOptions({ http }: Config): ListenerOptions {
  return { address: http.addr, net: http.net }
}

function entryOf({
  request,
  response,
  startedAt,
  remoteAddress,
  bytesSent,
}: Exchange): Parameters<AccessLog['line']>[0] {
  return {
    remoteAddress: remoteAddress ?? '-',
    time: startedAt,
    method: request.method ?? '-',
    uri: request.url ?? '-',
    protocol: `HTTP/${request.httpVersion}`,
    status: response.headersSent ? response.statusCode : 499,
    bytes: bytesSent,
    referer: request.headers.referer,
    userAgent: request.headers['user-agent'],
  }
}
