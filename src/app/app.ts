import { randomBytes } from 'node:crypto'
import { openAuditLog } from '../audit/audit-log.ts'
import { createLoginState, type LoginAttempt } from '../auth/htpasswd/htpasswd.ts'
import { passwordWarnings } from '../auth/password-warnings.ts'
import type { Config } from '../config/config.ts'
import { parseListenAddress } from '../config/listen-address.ts'
import type { LoadedConfig } from '../config/load.ts'
import { DebugServer } from '../debug/debug-server.ts'
import type { ReloadOutcome } from '../debug/reload.ts'
import { Health } from '../health/health.ts'
import type { Handler } from '../http/handler.ts'
import { auditLogin, auditor } from '../server/auditor.ts'
import { Listener } from '../server/listener.ts'
import type { ListenerOptions, TlsListenerOptions } from '../server/listener-options.ts'
import { checkDriver } from '../storage/check-driver.ts'
import { createDriver } from '../storage/create-driver.ts'
import { measuredDriver } from '../storage/measured.ts'
import { createStoredRegistries } from '../stored/stored-registry.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Tls } from './tls.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { AccessLog } from '../util/access-log.ts'
import type { Logger } from '../util/logger.ts'
import { createGate } from './gate.ts'
import { createTls } from './create-tls.ts'
import { healthChecks } from './health.ts'
import { Mails } from './mails.ts'
import { measuring } from './measuring.ts'
import { countLogins, type Peers } from './peers.ts'
import { createSharedCache } from './redis.ts'
import { RunningApp, type Wanted } from './running-app.ts'
import { createServing } from './serving.ts'
import { driverOptions } from './storage/driver-options.ts'
import { withStorageMiddleware } from './storage/middleware.ts'
import { SelfTest } from './storage/self-test.ts'
import { traced } from './tracing.ts'

export interface AppOptions {
  readonly config: Config
  /** Where its values come from, for messages. */
  readonly sources?: LoadedConfig['sources']
  readonly log: Logger
  readonly accessLog?: AccessLog
  /** Of the program. */
  readonly version?: string
  /** There only when the environment asks for traces. */
  readonly tracing?: Tracing | undefined
  /** An open socket to listen on, instead of `http.addr`. */
  readonly fd?: number | undefined
  /** Reads the configuration again, for a reload; without it there are none. */
  readonly load?: () => LoadedConfig
  /** Other processes that serve with this one: then it has no debug listener of its own. */
  readonly peers?: Peers
}

/** A registry, to be started and stopped. */
export interface App extends Pick<
  RunningApp,
  'driver' | 'listener' | 'start' | 'reload' | 'stop' | 'prepare' | 'notReloaded' | 'lead' | 'retire'
> {
  readonly health: Health
  /** Absent when nothing is measured. */
  readonly metrics: Metrics | undefined
  /** Absent where nobody orders any. */
  readonly certificateFor: Tls['certificateFor']
}

/**
 * The composition root: from a configuration to everything that serves it. Nothing is started yet.
 *
 * @throws Error of one line, when what the configuration names cannot be used
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, log, version = 'unknown', tracing, peers } = options
  // Loaded only when wanted: it takes a tenth of a second.
  const metrics = isMeasured(config)
    ? (await import('../metrics/metrics.ts')).createMetrics({ version })
    : undefined
  const surroundings = { log, userAgent: `berth/${version}`, variables: process.env }
  const place = driverOptions(config.storage.driver, surroundings)
  const bare = await createDriver(place)
  const store = await withStorageMiddleware(bare, config.middleware, log)
  const measured =
    metrics === undefined ? store : measuredDriver(store, (...call) => metrics.storage.observe(...call))
  const driver = tracing?.tracedDriver(measured) ?? measured
  const { cache } = metrics?.storage ?? {}
  const secret = peers?.secret ?? randomBytes(32).toString('base64url')
  const shared = await createSharedCache(config, { driver, log, processSecret: secret })
  const stored = createStoredRegistries(
    driver,
    cache && ((isHit): void => (isHit ? cache.hit() : cache.miss())),
    peers?.deletions,
    shared,
  )
  const tls = await createTls(config.http, version, log, peers)
  const health = new Health(healthChecks(config.health, driver), log)
  const audit = await openAuditLog({
    file: config.audit.file,
    log,
    onLost: (lines) => metrics?.auth.auditLost(lines),
  })
  const mails = new Mails(log)
  mails.use(config)

  const logins = createLoginState()
  if (peers !== undefined) countLogins(peers, logins)
  const parts = {
    log,
    logins,
    secret,
    onLogin: (attempt: LoginAttempt): void => {
      auditLogin(audit, attempt)
      const { outcome, user, client } = attempt
      if (outcome !== 'throttled') peers?.logins.tell({ isRight: outcome === 'accepted', user, client })
    },
    onAttempt: (outcome: LoginAttempt['outcome']): void => metrics?.auth.login(outcome),
    onPassword: passwordWarnings(log),
  }
  const serve = async (wanted: Wanted, isStart = false): Promise<Handler> =>
    createServing({
      config: wanted.config,
      stored,
      gate: await createGate(wanted.config, { ...parts, sources: wanted.sources, isStart }),
      log,
      accessLog: options.accessLog,
      isHealthy: () => health.isHealthy,
      isEnding: () => app.isEnding,
      observers: [
        ...(tracing ? [traced(tracing)] : []),
        ...(metrics ? [measuring(metrics)] : []),
        ...(wanted.config.audit.file === undefined ? [] : [auditor(audit)]),
      ],
    })
  let handler = await serve({ config, sources: options.sources ?? new Map() }, true)
  const listener = new Listener((request, response, how) => handler(request, response, how), {
    ...listenerOptions(config, tls?.options, peers?.count),
    fd: options.fd,
  })
  const app = new RunningApp({
    config,
    log,
    driver,
    listener,
    tls,
    health,
    mails,
    audit,
    shared,
    tracing,
    debug,
    serve: (wanted) => serve(wanted),
    use: (other) => (handler = other),
    isOneOfSeveral: peers !== undefined,
    // Of several processes the first one looks for all.
    selfTest:
      peers?.isFirst === false
        ? undefined
        : new SelfTest({ log, test: (warn) => checkDriver(place, { readOnly: isReadOnly(config), warn }) }),
    load: options.load,
  })
  metrics?.gauges.reload(() => app.reloader.state)
  metrics?.gauges.health(() => health)
  if (shared !== undefined) metrics?.gauges.redis(() => shared.isUp)
  metrics?.gauges.acmeExpiry(() => tls?.certificates?.() ?? [])
  metrics?.gauges.tlsExpiry(() => tls?.expires)
  return Object.assign(app, { health, metrics, certificateFor: tls?.certificateFor })

  function debug(reload: () => Promise<ReloadOutcome>): DebugServer | undefined {
    const { addr = '', prometheus } = config.http.debug
    const address = parseListenAddress(addr)
    if (address === undefined || peers !== undefined) return undefined
    return new DebugServer({
      address,
      log,
      failures: () => health.failures,
      ...(metrics && { prometheus: { path: prometheus.path, render: () => metrics.render() } }),
      reload,
    })
  }
}

function isReadOnly({ storage }: Config): boolean {
  return storage.maintenance.readonly.enabled
}

/** Metrics cost a little with every request, and can be read on the debug listener alone. */
function isMeasured({ http: { debug } }: Config): boolean {
  return debug.addr !== undefined && debug.prometheus.enabled
}

/** @param sharers how many processes share what comes */
function listenerOptions(
  { http }: Config,
  tls: TlsListenerOptions | undefined,
  sharers: number = 1,
): ListenerOptions {
  const { addr, net, http2, h2c, limits, timeouts } = http
  return {
    address: addr,
    net,
    tls,
    http2: !http2.disabled,
    h2c: h2c.enabled,
    // Each has its share. None of them knows how many the others have.
    limits: { headerSize: limits.headersize, connections: Math.ceil(limits.connections / sharers) },
    timeouts: { header: timeouts.header, idle: timeouts.idle },
  }
}
