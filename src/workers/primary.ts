import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Mails } from '../app/mails.ts'
import { Reloader } from '../app/reloader.ts'
import { needsRestart, withSettled } from '../app/restart.ts'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import { parseListenAddress } from '../config/listen-address.ts'
import { DebugServer } from '../debug/debug-server.ts'
import type { Rendered } from '../debug/options.ts'
import type { ReloadOutcome } from '../debug/reload.ts'
import { listenPlace } from '../server/listen-place.ts'
import type { Logger } from '../util/logger.ts'
import { timerOf } from '../util/timer.ts'
import type { Child } from './child.ts'
import { Door } from './door.ts'
import { longestEnd } from './ending.ts'
import { MergedHealth } from './merged-health.ts'
import type { MergedMetrics, MetricsSources } from './merged-metrics.ts'
import { snapshotsOf } from './metrics-snapshots.ts'
import { RemoteProfiles } from './remote-profiles.ts'
import { applyAll, prepareAll } from './reloading.ts'
import { Supervisor, type Member } from './supervisor.ts'
import type { Wanted } from './topics.ts'

export interface PrimaryOptions extends Wanted {
  readonly count: number
  readonly log: Logger
  readonly version: string
  readonly load: () => LoadedConfig
  /** An open socket to listen on, instead of `http.addr`. */
  readonly fd: number | undefined
  readonly fork: (number: number) => Child
}

type CreateMetrics = (sources: MetricsSources) => MergedMetrics

/** Milliseconds that a reload has to end when all is to end. */
const reloadPatience = 1_000

/**
 * The process above several that serve. It starts them, and starts them again, tells them what all have to know, and speaks for all on
 * the debug listener. It serves nobody: not a byte of a client's comes here.
 */
export class Primary {
  /** Rejects when the workers cannot be kept alive. */
  readonly failed: Promise<never>
  #fail: (error: Error) => void = () => {}
  readonly #options: PrimaryOptions
  readonly #supervisor: Supervisor
  readonly #door = new Door()
  readonly #reloader: Reloader
  readonly #debug: DebugServer | undefined
  readonly #health = new MergedHealth()
  readonly #mails: Mails
  readonly #metrics: MergedMetrics | undefined
  readonly #secret = randomBytes(32).toString('base64url')
  /** What all serve by. */
  #current: Wanted
  /** The reload that is under way, for whoever begins meanwhile. */
  #reloading: Promise<unknown> = Promise.resolve()
  #isEnding = false

  static async create(options: PrimaryOptions): Promise<Primary> {
    const { debug } = options.config.http
    const isMeasured = debug.addr !== undefined && debug.prometheus.enabled
    if (!isMeasured) return new Primary(options, undefined)
    // Loaded only when wanted: it costs memory.
    const { MergedMetrics: Metrics } = await import('./merged-metrics.ts')
    return new Primary(options, (sources) => new Metrics(sources))
  }

  private constructor(options: PrimaryOptions, createMetrics: CreateMetrics | undefined) {
    const { config, sources, log, count, fork, load } = options
    this.#options = options
    this.#current = { config, sources }
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    // Who waits for it may come later.
    this.failed.catch(() => {})
    this.#reloader = new Reloader({ log, load, apply: (loaded) => this.#apply(loaded) })
    this.#supervisor = new Supervisor({
      count,
      log,
      fork,
      begin: async () => {
        await this.#reloading
        return { ...this.#beginning(), secret: this.#secret }
      },
      onReady: (child) => this.#door.add(child),
      onOpen: (child, open) => this.#door.has(child, open),
      onEnd: (number, child, wasAsked) => {
        if (child !== undefined) this.#door.remove(child)
        this.#metrics?.ended(number, wasAsked)
      },
      onHopeless: (error) => this.#fail(error),
    })
    this.#metrics = createMetrics?.({
      reload: () => this.#reloader.state,
      counts: () => this.#supervisor.counts,
    })
    this.#mails = new Mails(log)
    this.#mails.use(config)
    this.#debug = this.#debugServer(config)
  }

  /**
   * Starts the workers.
   *
   * @returns where they listen
   * @throws Error of one line; nothing runs then
   */
  async start(): Promise<string> {
    const { log, config, fd } = this.#options
    // Not even when this process ends in a hurry.
    process.on('exit', () => this.#supervisor.killAll())
    if (this.#debug !== undefined) log.info({ address: await this.#debug.start() }, 'debug server listening')
    try {
      await this.#supervisor.start()
      const { addr: address, net } = config.http
      return await this.#door.open(await listenPlace({ address, net, fd }), address)
    } catch (error) {
      this.#supervisor.killAll()
      await this.#debug?.stop()
      throw error
    }
  }

  /**
   * Reads the configuration again. All workers serve by it from then on, or none.
   *
   * @param by who asks, for the log
   */
  async reload(by: string): Promise<ReloadOutcome> {
    const reload = this.#reloader.reload(by)
    this.#reloading = Promise.allSettled([this.#reloading, reload])
    const outcome = await reload
    if (outcome.kind === 'refused')
      for (const { child } of this.#supervisor.members) child.channel.tell('discard', undefined)
    return outcome
  }

  /** Lets the workers finish what is in flight, and ends them. */
  async stop(): Promise<void> {
    this.#isEnding = true
    const reloaded = Promise.race([this.#reloader.close(), sleep(reloadPatience, undefined, { ref: false })])
    const { draindelay } = this.#current.config.http
    if (draindelay > 0) {
      this.#supervisor.retire()
      await sleep(timerOf(draindelay))
    }
    await reloaded
    this.#door.close()
    await this.#supervisor.stop(longestEnd(this.#current.config))
    // Late, so that the end can be watched.
    await this.#debug?.stop()
    await this.#mails.stop()
  }

  async #apply({ config, sources }: Wanted): Promise<readonly string[]> {
    const { log } = this.#options
    const before = this.#current.config
    const members = this.#supervisor.members
    const wanted = { config, sources }
    await prepareAll(members, wanted)
    if (this.#isEnding) throw new Error('the registry is stopping')
    this.#current = wanted
    const killed = await applyAll(members)
    // Those that were told to end meanwhile have no need of it.
    if (killed.length > 0 && !this.#isEnding)
      log.error({ workers: killed }, 'workers did not take the configuration, and are started again')
    log.level = config.log.level
    if (JSON.stringify(before.log.hooks) !== JSON.stringify(config.log.hooks)) this.#mails.use(config)
    return needsRestart(this.#options.config, config)
  }

  /** For a worker that starts beside others. */
  #beginning(): Wanted {
    const { config, sources } = this.#current
    return { config: withSettled(this.#options.config, config), sources }
  }

  #debugServer({ http: { debug } }: Config): DebugServer | undefined {
    const address = parseListenAddress(debug.addr ?? '')
    if (address === undefined) return undefined
    return new DebugServer({
      address,
      log: this.#options.log,
      failures: () =>
        this.#health.failures(
          this.#serving().map(({ number, child }) => ({
            number,
            ask: (milliseconds) => child.channel.ask('failures', undefined, milliseconds),
          })),
        ),
      ...(this.#metrics && { prometheus: { path: debug.prometheus.path, render: () => this.#render() } }),
      reload: () => this.reload('POST /debug/reload'),
      workers: new Map(
        Array.from({ length: this.#options.count }, (_, index) => {
          const member = (): Member | undefined => this.#serving().find(({ number }) => number === index + 1)
          return [index + 1, new RemoteProfiles(() => member()?.child.channel)]
        }),
      ),
    })
  }

  #serving(): readonly Member[] {
    return this.#supervisor.members.filter(({ isReady }) => isReady)
  }

  async #render(): Promise<Rendered> {
    if (this.#metrics === undefined) throw new Error('nothing is measured')
    return await this.#metrics.render(await snapshotsOf(() => this.#serving()))
  }
}
