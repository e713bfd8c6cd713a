import type { AuditLog } from '../audit/audit-log.ts'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { DebugServer } from '../debug/debug-server.ts'
import type { ReloadOutcome } from '../debug/reload.ts'
import type { Health } from '../health/health.ts'
import type { Handler } from '../http/handler.ts'
import type { Listener } from '../server/listener.ts'
import { preflight } from '../server/preflight.ts'
import { Upkeep } from '../server/upkeep.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { Logger } from '../util/logger.ts'
import { healthChecks } from './health.ts'
import type { Mails } from './mails.ts'
import { Reloader } from './reloader.ts'
import { needsRestart } from './restart.ts'
import type { Tls } from './tls.ts'
import { upkeepTasks } from './upkeep.ts'

/** Everything that a registry is made of, built and not started. */
export interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly driver: StorageDriver
  readonly listener: Listener
  readonly tls: Tls | undefined
  readonly health: Health
  readonly mails: Mails
  readonly audit: AuditLog
  readonly tracing: Tracing | undefined
  /** Made of the reload that it can be asked for; undefined when there is none. */
  readonly debug: (reload: () => Promise<ReloadOutcome>) => DebugServer | undefined
  /** Makes what answers requests by a configuration; throws when that cannot be. */
  readonly serve: (loaded: Wanted) => Promise<Handler>
  /** Answers new requests from now on. */
  readonly use: (handler: Handler) => void
  /** Reads the configuration again; absent where there is nothing to read. */
  readonly load: (() => LoadedConfig) | undefined
}

/** A configuration, and where its values come from. */
export type Wanted = Pick<LoadedConfig, 'config' | 'sources'>

/** Milliseconds; Docker kills a container ten seconds after it asked it to stop. */
const defaultDrain = 8_000

/** Milliseconds to send the last traces. */
const lastWords = 1_000

/** A registry from its start to its stop, and its reloads in between. */
export class RunningApp {
  readonly driver: StorageDriver
  readonly listener: Listener
  readonly reloader: Reloader
  readonly #parts: Parts
  readonly #debug: DebugServer | undefined
  #config: Config
  #upkeep: Upkeep | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#config = parts.config
    this.driver = parts.driver
    this.listener = parts.listener
    this.reloader = new Reloader({
      log: parts.log,
      load: parts.load,
      apply: (loaded) => this.#apply(loaded),
    })
    this.#debug = parts.debug(() => this.reload('POST /debug/reload'))
  }

  /**
   * Checks the store, and serves.
   *
   * @returns where it listens
   * @throws Error of one line; nothing listens then
   */
  async start(): Promise<string> {
    const { driver, listener, tls, health, log } = this.#parts
    try {
      await preflight(driver, this.#config)
      // Before clients come: what else may fail.
      if (this.#debug !== undefined)
        log.info({ address: await this.#debug.start() }, 'debug server listening')
      const address = await listener.start()
      await tls?.start((context) => listener.setSecureContext(context))
      health.start()
      this.#startUpkeep()
      return address
    } catch (error) {
      await Promise.all([listener.stop(0), this.#debug?.stop(), tls?.stop()])
      throw error
    }
  }

  /**
   * Reads the configuration again, and serves by it from now on: all of it that can change while running, or nothing.
   *
   * @param by who asks, for the log
   */
  async reload(by: string): Promise<ReloadOutcome> {
    const outcome = await this.reloader.reload(by)
    // Whoever renamed the audit log expects a new one, whatever else is wrong.
    if (outcome.kind === 'refused')
      await this.#parts.audit.reopen().catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'audit log not opened anew')
      })
    return outcome
  }

  /** @returns whether all requests could be finished */
  async stop(): Promise<boolean> {
    const { driver, listener, tls, health, mails, audit, tracing, log } = this.#parts
    await this.reloader.close()
    this.#upkeep?.stop()
    health.stop()
    const isWhole = await listener.stop(this.#config.http.draintimeout ?? defaultDrain)
    if (!isWhole) log.warn({}, 'requests in flight were cut off')
    await tls?.stop()
    // Late, so that the end can be watched.
    await this.#debug?.stop()
    await Promise.all([driver.close(), tracing?.stop(lastWords), mails.stop(), audit.stop()])
    return isWhole
  }

  async #apply(loaded: Wanted): Promise<readonly string[]> {
    const { config: started, serve, use, tls, health, mails, audit, driver, log } = this.#parts
    const { config: wanted } = loaded
    const before = this.#config
    const isChanged = (part: (config: Config) => unknown): boolean =>
      JSON.stringify(part(before)) !== JSON.stringify(part(wanted))

    // What can fail comes first, ...
    const handler = await serve(loaded)
    const useCertificates = await tls?.prepare(wanted)
    await audit.use(wanted.audit.file)
    // ... and from here on nothing does.
    useCertificates?.()
    use(handler)
    log.level = wanted.log.level
    this.#config = wanted
    // What has not changed goes on: a reload is no new beginning of an interval.
    if (isChanged(({ log: { hooks } }) => hooks)) mails.use(wanted)
    if (isChanged((config) => config.health)) health.replace(healthChecks(wanted.health, driver))
    if (isChanged(({ storage }) => storage.maintenance)) this.#startUpkeep()
    return needsRestart(started, wanted)
  }

  #startUpkeep(): void {
    const { driver, log } = this.#parts
    this.#upkeep?.stop()
    this.#upkeep = new Upkeep(log)
    this.#upkeep.start(upkeepTasks(driver, this.#config, log))
  }
}
