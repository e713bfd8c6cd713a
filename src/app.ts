import type { IncomingMessage } from 'node:http'
import type { Config, StorageDriverConfig } from './config/config.ts'
import { withDeletesDisabled } from './decorators/deletes-disabled.ts'
import { readOnly } from './decorators/read-only.ts'
import type { Exchange } from './http/exchange.ts'
import { createHandler } from './http/handler.ts'
import type { HttpSettings } from './http/settings.ts'
import { defaultHttpSettings } from './http/settings.ts'
import type { Registry, RegistryDecorator } from './registry/registry.ts'
import { Listener, type ListenerOptions } from './server/listener.ts'
import { requestLog } from './server/request-log.ts'
import { createDriver } from './storage/create-driver.ts'
import type { StorageDriver } from './storage/driver.ts'
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
}

/** The composition root: from a configuration to everything that serves it. Nothing is started yet. */
export function createApp({ config, log, accessLog }: AppOptions): App {
  const driver = createDriver(driverOptions(config.storage.driver))
  const registry = decorate(createStoredRegistry(driver), [
    ...(config.storage.delete.enabled ? [] : [withDeletesDisabled]),
    ...(config.storage.maintenance.readonly.enabled ? [readOnly] : []),
  ])
  const handler = createHandler({
    registry,
    settings: httpSettings(config),
    logOf: (_request: IncomingMessage) => requestLog(log),
    ...(accessLog && { onAnswered: (exchange: Exchange) => accessLog.line(entryOf(exchange)) }),
  })
  const listener = new Listener(handler, listenerOptions(config))
  return { driver, registry, listener }
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

function listenerOptions({ http }: Config): ListenerOptions {
  return { address: http.addr, net: http.net }
}

function entryOf({
  request,
  response,
  remoteAddress,
  bytesSent,
}: Exchange): Parameters<AccessLog['line']>[0] {
  return {
    remoteAddress: remoteAddress ?? '-',
    method: request.method ?? '-',
    uri: request.url ?? '-',
    protocol: `HTTP/${request.httpVersion}`,
    status: response.headersSent ? response.statusCode : 499,
    bytes: bytesSent,
    referer: request.headers.referer,
    userAgent: request.headers['user-agent'],
  }
}
