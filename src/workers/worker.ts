import { createApp, type App } from '../app/app.ts'
import type { Prepared } from '../app/running-app.ts'
import { placed } from '../config/placed.ts'
import { hangups, nextSignal } from '../server/signals.ts'
import { startTracing } from '../tracing/start.ts'
import { createAccessLog, type AccessLog } from '../util/access-log.ts'
import { standingFields } from '../util/log-standing.ts'
import { standardError } from '../util/log-stderr.ts'
import { terminalOf } from '../util/log-terminal.ts'
import { createLogger, type Logger } from '../util/logger.ts'
import { Channel } from './channel.ts'
import { portToPrimary, takeConnections } from './fork.ts'
import type { Beginning, PrimaryTopics, WorkerTopics } from './topics.ts'
import { Taking } from './taking.ts'
import { SharedStream, wholePieces } from './whole-lines.ts'
import { WorkerPeers } from './worker-peers.ts'

/** Milliseconds. The primary answers at once, but while a reload is under way. */
const beginWithin = 120_000

/**
 * Serves as one of several processes. What to serve by, and when to end, comes from the primary; without it a worker ends at once, as
 * `node:cluster` has it.
 *
 * @param version of the program
 */
export async function runWorker(version: string): Promise<void> {
  process.title = 'berth: worker'
  // All processes of a terminal, or of a unit of systemd, may be sent the signals that mean the primary.
  const signal = nextSignal()
  hangups()
  const channel = new Channel<WorkerTopics, PrimaryTopics>(portToPrimary())
  const asked = new Promise<void>((resolve) => channel.answer('stop', () => resolve()))
  let worker: Worker | undefined
  // Asked before it has begun, it has nothing to finish.
  const end = Promise.race([signal, asked])
  await Promise.race([start(), end])
  await end
  const second = nextSignal().then(() => process.exit(1))
  await Promise.race([worker?.stop(), second])

  async function start(): Promise<void> {
    const beginning = await channel.ask('begin', undefined, beginWithin)
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
  #prepared: Prepared | undefined
  /** Connections that it is given are served. */
  #isTaking = false

  constructor(channel: Channel<WorkerTopics, PrimaryTopics>, beginning: Beginning, version: string) {
    this.#channel = channel
    this.#beginning = beginning
    this.#version = version
    const { config, number } = beginning
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

  /** Finishes what is in flight. */
  async stop(): Promise<void> {
    this.#isTaking = false
    await this.#app?.stop()
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
    channel.answer('prepare', async (wanted) => {
      const app = await started()
      await this.#prepared?.discard()
      this.#prepared = undefined
      this.#prepared = await app.prepare(wanted)
    })
    channel.answer('apply', async () => {
      const prepared = this.#prepared
      this.#prepared = undefined
      if (prepared === undefined) throw new Error('nothing was prepared')
      await prepared.apply()
    })
    channel.answer('discard', async () => {
      const app = await started()
      await this.#prepared?.discard()
      this.#prepared = undefined
      await app.notReloaded()
    })
    channel.answer('lead', async () => {
      this.#peers.lead()
      const app = await started()
      app.lead()
    })
    channel.answer('told', (told) => this.#peers.told(told))
    channel.answer('order', async (host) => {
      const app = await started()
      await app.certificateFor?.(host)
    })
    channel.answer('metrics', async () => (await (await started()).metrics?.snapshot()) ?? [])
    channel.answer('failures', async () => (await started()).health.failures)
  }
}

function terminal(): { readonly terminal?: NonNullable<ReturnType<typeof terminalOf>> } {
  const found = terminalOf(process.env)
  return found === undefined ? {} : { terminal: found }
}
