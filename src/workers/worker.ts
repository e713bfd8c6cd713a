import { createApp, type App } from '../app/app.ts'
import type { Prepared } from '../app/running-app.ts'
import type { Config } from '../config/config.ts'
import { placed } from '../config/placed.ts'
import { firstSignal, hangups } from '../server/signals.ts'
import { Profiler } from '../debug/profiles.ts'
import { startTracing } from '../tracing/start.ts'
import { createAccessLog, type AccessLog } from '../util/access-log.ts'
import { standingFields } from '../util/log-standing.ts'
import { standardError } from '../util/log-stderr.ts'
import { terminalOf } from '../util/log-terminal.ts'
import { createLogger, type Logger } from '../util/logger.ts'
import { timerOf } from '../util/timer.ts'
import { Channel } from './channel.ts'
import { longestEnd } from './ending.ts'
import { portToPrimary, takeConnections } from './fork.ts'
import type { Beginning, PrimaryTopics, Wanted, WorkerTopics } from './topics.ts'
import { Preparation } from './preparation.ts'
import { giveProfiles } from './remote-profiles.ts'
import { Taking } from './taking.ts'
import { SharedStream, wholePieces } from './whole-lines.ts'
import { WorkerPeers } from './worker-peers.ts'

/** Milliseconds. The primary answers at once, but while a reload is under way. */
const beginWithin = 120_000

/**
 * Serves as one of several processes, by what the primary says. When it ends is the primary's to say, too; a signal is but reported to
 * it. For one may be sent to all processes at once, as terminals and systemd do, and comes here before or after what the primary says of
 * it. Without the primary a worker finishes what is in flight, and ends.
 *
 * @param version of the program
 */
export async function runWorker(version: string): Promise<void> {
  process.title = 'berth: worker'
  const signal = firstSignal()
  hangups()
  const port = portToPrimary()
  let isOrphan = false
  const orphaned = new Promise<void>((resolve) => {
    port.onClose(() => {
      isOrphan = true
      resolve()
    })
  })
  const channel = new Channel<WorkerTopics, PrimaryTopics>(port)
  void signal.then(() => channel.tell('signalled', undefined))
  const asked = new Promise<void>((resolve) => channel.answer('stop', () => resolve()))
  let worker: Worker | undefined
  const end = Promise.race([asked, orphaned])
  // Asked before it has begun, it has nothing to finish.
  await Promise.race([start(), end])
  await end
  await worker?.stop(isOrphan)

  async function start(): Promise<void> {
    const beginning = await channel.ask('begin', undefined, beginWithin).catch((error: unknown) => {
      // Nobody is left to whom it could matter.
      if (isOrphan) return undefined
      throw error
    })
    if (beginning === undefined) return
    process.title = `berth: worker ${beginning.number}`
    worker = new Worker(channel, beginning, version)
    await worker.start()
  }
}

/** A worker that has its configuration. */
class Worker {
  readonly #channel: Channel<WorkerTopics, PrimaryTopics>
  readonly #beginning: Beginning
  readonly #version: string
  readonly #log: Logger
  readonly #accessLog: AccessLog
  readonly #peers: WorkerPeers
  #app: App | undefined
  /** What it serves by. */
  #config: Config
  readonly #preparation = new Preparation<Prepared & Pick<Wanted, 'config'>>()
  /** Connections that it is given are served. */
  #isTaking = false

  constructor(channel: Channel<WorkerTopics, PrimaryTopics>, beginning: Beginning, version: string) {
    this.#channel = channel
    this.#beginning = beginning
    this.#version = version
    const { config, number } = beginning
    this.#config = config
    const write = standardError()
    this.#log = createLogger(
      {
        ...config.log,
        fields: { ...standingFields(version), worker: number, ...config.log.fields },
        ...terminal(),
      },
      {
        write: (lines) => {
          for (const piece of wholePieces(lines)) write(piece.toString())
        },
      },
    )
    process.on('exit', () => this.#log.flush())
    // Whoever reads the access log may go away; the registry goes on.
    process.stdout.on('error', () => {})
    this.#accessLog = createAccessLog(new SharedStream(process.stdout), {
      onDropped: (lines) => this.#log.warn({ lines }, 'access log: lines dropped, for nobody reads them'),
    })
    this.#peers = new WorkerPeers(channel, beginning)
    const taking = new Taking(
      (socket, isLocal) => this.#app?.listener.accept(socket, isLocal),
      (open) => channel.tell('open', open),
    )
    takeConnections(
      () => (this.#isTaking ? (socket, isLocal): void => taking.take(socket, isLocal) : undefined),
      (outcome) => channel.tell('taken', outcome),
    )
  }

  /** Never throws: the primary is told what is wrong, and the process ends. */
  async start(): Promise<void> {
    const { sources } = this.#beginning
    try {
      const starting = this.#start()
      this.#answer(starting)
      await starting
      this.#isTaking = true
      this.#channel.tell('ready', undefined)
    } catch (error) {
      const reason = placed(error instanceof Error ? error.message : String(error), sources)
      await this.#channel.ask('failed', reason, 1_000).catch(() => {})
      this.#log.flush()
      process.exit(1)
    }
  }

  /**
   * Finishes what is in flight.
   *
   * @param isOrphan the primary is gone: nobody else sees to it that this process ends
   */
  async stop(isOrphan: boolean): Promise<void> {
    this.#isTaking = false
    if (isOrphan) this.#log.error({}, 'the primary is gone: this worker finishes what is in flight, and ends')
    const limit = setTimeout(() => process.exit(1), timerOf(longestEnd(this.#config)))
    await this.#app?.stop()
    clearTimeout(limit)
    this.#accessLog.flush()
    this.#log.flush()
  }

  async #start(): Promise<void> {
    const { config, sources } = this.#beginning
    this.#app = await createApp({
      config,
      sources,
      log: this.#log,
      accessLog: this.#accessLog,
      version: this.#version,
      tracing: await startTracing(process.env, { version: this.#version, log: this.#log }),
      peers: this.#peers,
    })
    await this.#app.start()
  }

  /** Whoever asks while this worker starts waits until it has started. */
  #answer(starting: Promise<unknown>): void {
    const channel = this.#channel
    const started = async (): Promise<App> => {
      await starting
      if (this.#app === undefined) throw new Error('not started')
      return this.#app
    }
    channel.answer('alive', () => {})
    channel.answer('prepare', async (wanted) => {
      await this.#preparation.make(async () => {
        const app = await started()
        return { ...(await app.prepare(wanted)), config: wanted.config }
      })
    })
    channel.answer('apply', async () => {
      const prepared = this.#preparation.take()
      if (prepared === undefined) throw new Error('nothing was prepared')
      await prepared.apply()
      this.#config = prepared.config
    })
    channel.answer('discard', async () => {
      await this.#preparation.discard()
      const app = await started()
      await app.notReloaded()
    })
    channel.answer('lead', async () => {
      this.#peers.lead()
      const app = await started()
      app.lead()
    })
    channel.answer('retire', () => this.#app?.retire())
    channel.answer('told', (told) => this.#peers.told(told))
    channel.answer('order', async (host) => {
      const app = await started()
      await app.certificateFor?.(host)
    })
    channel.answer('metrics', async () => (await (await started()).metrics?.snapshot()) ?? [])
    giveProfiles(channel, new Profiler())
    channel.answer('failures', async () => (await started()).health.failures)
  }
}

function terminal(): { readonly terminal?: NonNullable<ReturnType<typeof terminalOf>> } {
  const found = terminalOf(process.env)
  return found === undefined ? {} : { terminal: found }
}
