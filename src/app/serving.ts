import { immutableTags as matchImmutable } from '../access/immutable.ts'
import type { Gate } from '../auth/gate.ts'
import { immutablePatterns } from '../config/access-rules.ts'
import type { Config } from '../config/config.ts'
import { withDeletesDisabled } from '../decorators/deletes-disabled.ts'
import { guarded } from '../decorators/guarded.ts'
import { immutableTags } from '../decorators/immutable-tags.ts'
import { readOnly } from '../decorators/read-only.ts'
import { createHandler, type Handler, type Observer } from '../http/handler.ts'
import { defaultHttpSettings, type HttpSettings } from '../http/settings.ts'
import type { Registry, RegistryDecorator } from '../registry/registry.ts'
import { accessLogger } from '../server/access-logger.ts'
import { requestLogs } from '../server/request-log.ts'
import { responseLog } from '../server/response-log.ts'
import type { StoredRegistries } from '../stored/stored-registry.ts'
import type { AccessLog } from '../util/access-log.ts'
import type { Logger } from '../util/logger.ts'

export interface ServingParts {
  readonly config: Config
  /** What is stored, undecorated. */
  readonly stored: StoredRegistries
  /** Absent: nobody is asked who he is. */
  readonly gate: Gate | undefined
  readonly log: Logger
  readonly accessLog: AccessLog | undefined
  readonly isHealthy: () => boolean
  readonly isEnding: () => boolean
  readonly observers: readonly Observer[]
}

/**
 * All of a registry that a reload replaces in one step: whoever holds the old handler goes on with the old settings to
 * the end of its request.
 */
export function createServing(parts: ServingParts): Handler {
  const { config, stored, gate, log, accessLog, isHealthy, isEnding, observers } = parts
  const isReadOnly = config.storage.maintenance.readonly.enabled
  const logsAccess = accessLog !== undefined && !config.log.accesslog.disabled
  return createHandler({
    registry: decorate(isReadOnly ? stored.readOnly : stored.writable, [
      ...(config.storage.delete.enabled ? [] : [withDeletesDisabled]),
      ...immutability(config),
      ...(isReadOnly ? [readOnly] : []),
      ...(gate === undefined ? [] : [guarded]),
    ]),
    gate,
    settings: httpSettings(config),
    logOf: requestLogs(log),
    isHealthy,
    isEnding,
    observers: [...observers, ...(logsAccess ? [accessLogger(accessLog)] : []), responseLog(log)],
  })
}

function immutability({ access }: Config): readonly RegistryDecorator[] {
  const patterns = immutablePatterns(access)
  return patterns.length === 0 ? [] : [immutableTags(matchImmutable(patterns))]
}

/** The last decorator is the outermost. */
function decorate(registry: Registry, decorators: readonly RegistryDecorator[]): Registry {
  return decorators.reduce((inner, decorator) => decorator(inner), registry)
}

function httpSettings({ http, storage, catalog, tags }: Config): HttpSettings {
  return {
    ...defaultHttpSettings,
    ...(http.host !== undefined && { host: new URL(http.host) }),
    relative: http.relativeurls,
    prefix: http.prefix,
    headers: http.headers,
    isReadOnly: storage.maintenance.readonly.enabled,
    redirectsBlobs: !storage.redirect.disable,
    trustedProxies: http.trustedproxies,
    maxCatalogEntries: catalog.maxentries,
    maxTags: tags.maxtags,
    stallMilliseconds: http.timeouts.body,
    answerStallMilliseconds: http.timeouts.answer,
  }
}
