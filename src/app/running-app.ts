import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { DebugServer } from '../debug/debug-server.ts'
import type { ReloadOutcome } from '../debug/reload.ts'
import type { Health } from '../health/health.ts'
import type { Handler } from '../http/handler.ts'
import type { Listener } from '../server/listener.ts'
import { Upkeep } from '../server/upkeep.ts'
import type { StorageDriver } from '../storage/driver.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { Logger } from '../util/logger.ts'
import { timerOf } from '../util/timer.ts'
import { healthChecks } from './health.ts'
import type { Mails } from './mails.ts'
import { Reloader } from './reloader.ts'
import { needsRestart } from './restart.ts'
import type { SelfTest } from './storage/self-test.ts'
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
  /** What replicas remember together. */
  readonly shared: { start(): void; close(): Promise<void> } | undefined
  readonly tracing: Tracing | undefined
  /** Made of the reload that it can be asked for; undefined when there is none. */
  readonly debug: (reload: () => Promise<ReloadOutcome>) => DebugServer | undefined
  /** Makes what answers requests by a configuration; throws when that cannot be. */
  readonly serve: (loaded: Wanted) => Promise<Handler>
  /** Answers new requests from now on. */
  readonly use: (handler: Handler) => void
  /** Others serve the same registry: connections are given to the listener, and `lead` says who does what one alone does. */
  readonly isOneOfSeveral: boolean
  /** Absent where somebody has looked already whether the store can be used. */
  readonly selfTest: SelfTest | undefined
  /** Reads the configuration again; absent where there is nothing to read. */
  readonly load: (() => LoadedConfig) | undefined
}

/** A configuration, and where its values come from. */
export type Wanted = Pick<LoadedConfig, 'config' | 'sources'>

/** A configuration that can be served by. */
export interface Prepared {
  /**
   * Serves by it from now on. Does not fail.
   *
   * @returns the keys that need a restart
   */
  apply(): Promise<readonly string[]>
  /** It is not wanted, after all. */
  discard(): Promise<void>
}

/** Milliseconds; Docker kills a container ten seconds after it asked it to stop. */
export const defaultDrain = 8_000

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
  #isEnding = false
  /** What one process alone does is ours to do. */
  #isLead: boolean

  constructor(parts: Parts) {
    this.#parts = parts
    this.#config = parts.config
    this.#isLead = !parts.isOneOfSeveral
    this.driver = parts.driver
    this.listener = parts.listener
    this.reloader = new Reloader({
      log: parts.log,
      load: parts.load,
      apply: async (loaded) => await (await this.prepare(loaded)).apply(),
    })
    this.#debug = parts.debug(() => this.reload('POST /debug/reload'))
  }

  /**
   * Checks the store, and serves.
   *
   * @returns where it listens; empty when it is given its connections
   * @throws Error of one line; nothing listens then
   */
  async start(): Promise<string> {
    const { listener, tls, health, shared, log, selfTest, isOneOfSeveral } = this.#parts
    try {
      await selfTest?.start()
      shared?.start()
      // Before clients come: what else may fail.
      if (this.#debug !== undefined)
        log.info({ address: await this.#debug.start() }, 'debug server listening')
      const address = isOneOfSeveral ? '' : await listener.start()
      await tls?.start((context) => listener.setSecureContext(context))
      health.start()
      this.#startUpkeep()
      return address
    } catch (error) {
      selfTest?.stop()
      await Promise.all([listener.stop(0), this.#debug?.stop(), tls?.stop(), shared?.close()])
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
    if (outcome.kind === 'refused') await this.notReloaded()
    return outcome
  }

  /** Whoever renamed the audit log expects a new one, whatever else is wrong. */
  async notReloaded(): Promise<void> {
    await this.#parts.audit.reopen().catch((error: unknown) => {
      this.#parts.log.error({ err: error }, 'audit log not opened anew')
    })
  }

  /** From now on, does what one of several has to do. */
  lead(): void {
    if (this.#isLead) return
    this.#isLead = true
    this.#startUpkeep()
  }

  /** Whether it was told to stop. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Tells load balancers to send no more, and goes on with what comes. */
  retire(): void {
    this.#isEnding = true
    this.#parts.listener.retire()
  }

  /** @returns whether all requests could be finished */
  async stop(): Promise<boolean> {
    const { driver, listener, tls, health, mails, audit, shared, tracing, log } = this.#parts
    await this.reloader.close()
    this.#upkeep?.stop()
    // Of several, whoever started them all waits, for connections still come.
    if (!this.#parts.isOneOfSeveral) await this.#waitForBalancers()
    health.stop()
    this.#parts.selfTest?.stop()
    const isWhole = await listener.stop(this.#config.http.draintimeout ?? defaultDrain)
    if (!isWhole) log.warn({}, 'requests in flight were cut off')
    await tls?.stop()
    // Late, so that the end can be watched.
    await this.#debug?.stop()
    await Promise.all([driver.close(), shared?.close(), tracing?.stop(lastWords), mails.stop(), audit.stop()])
    return isWhole
  }

  /**
   * Makes all of a configuration that can change while running, and goes on by the old one meanwhile.
   *
   * @throws Error of one line, when something in it cannot be used
   */
  async prepare(loaded: Wanted): Promise<Prepared> {
    const { serve, tls, audit } = this.#parts
    const handler = await serve(loaded)
    const useCertificates = await tls?.prepare(loaded.config)
    // The last thing that can fail, since it has to be undone.
    const file = await audit.prepare(loaded.config.audit.file)
    return {
      apply: async () => {
        useCertificates?.()
        const needRestart = this.#use(handler, loaded.config)
        await file.use()
        return needRestart
      },
      discard: () => file.discard(),
    }
  }

  /** @returns the keys that need a restart */
  #use(handler: Handler, wanted: Config): readonly string[] {
    const { config: started, use, health, mails, driver, log } = this.#parts
    const before = this.#config
    const isChanged = (part: (config: Config) => unknown): boolean =>
      JSON.stringify(part(before)) !== JSON.stringify(part(wanted))

    use(handler)
    log.level = wanted.log.level
    this.#config = wanted
    // What has not changed goes on: a reload is no new beginning of an interval.
    if (isChanged(({ log: { hooks } }) => hooks)) mails.use(wanted)
    if (isChanged((config) => config.health)) health.replace(healthChecks(wanted.health, driver))
    if (isChanged(({ storage }) => storage.maintenance)) this.#startUpkeep()
    return needsRestart(started, wanted)
  }

  async #waitForBalancers(): Promise<void> {
    const { draindelay } = this.#config.http
    if (draindelay === 0) return
    this.retire()
    await sleep(timerOf(draindelay))
  }

  #startUpkeep(): void {
    const { driver, log } = this.#parts
    this.#upkeep?.stop()
    if (!this.#isLead) return
    this.#upkeep = new Upkeep(log)
    this.#upkeep.start(upkeepTasks(driver, this.#config, log))
  }
}
