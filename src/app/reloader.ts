import type { LoadedConfig } from '../config/load.ts'
import { placed } from '../config/placed.ts'
import type { ReloadOutcome } from '../debug/reload.ts'
import type { ReloadState } from '../metrics/gauges.ts'
import type { Log } from '../registry/context.ts'

export interface ReloaderOptions {
  readonly log: Log
  /** Reads the configuration again; throws when it cannot be used. Absent where there is nothing to read. */
  readonly load: (() => LoadedConfig) | undefined
  /** Applies all of a configuration, or throws and applies nothing; gives the keys that need a restart. */
  readonly apply: (loaded: LoadedConfig) => Promise<readonly string[]>
}

/** Reloads the configuration, one at a time, and says in the log what came of it. */
export class Reloader {
  readonly #options: ReloaderOptions
  #running: Promise<ReloadOutcome> | undefined
  #isClosed = false
  #state: ReloadState = { successful: true, lastSuccess: Date.now() }

  constructor(options: ReloaderOptions) {
    this.#options = options
  }

  /** How the last one went; the start counts. */
  get state(): ReloadState {
    return this.#state
  }

  /** @param by who asks, for the log */
  async reload(by: string): Promise<ReloadOutcome> {
    if (this.#running !== undefined) return { kind: 'busy' }
    if (this.#isClosed) return { kind: 'refused', reason: 'the registry is stopping' }
    this.#running = this.#run(by)
    try {
      return await this.#running
    } finally {
      this.#running = undefined
    }
  }

  /** No reload from now on. Resolves when one that is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  async #run(by: string): Promise<ReloadOutcome> {
    const { log, load, apply } = this.#options
    let sources: LoadedConfig['sources'] = new Map()
    try {
      if (load === undefined) throw new Error('there is no configuration to read again')
      const loaded = load()
      sources = loaded.sources
      const needRestart = await apply(loaded)
      this.#state = { successful: true, lastSuccess: Date.now() }
      for (const warning of loaded.warnings) log.warn({ warning }, 'configuration')
      const late = needRestart.length > 0 && { 'needs.restart': needRestart.join(', ') }
      log.info({ by, ...late }, 'configuration reloaded')
      return { kind: 'applied', needRestart }
    } catch (error) {
      this.#state = { ...this.#state, successful: false }
      const reason = placed(error instanceof Error ? error.message : String(error), sources)
      log.error({ by, reason }, 'configuration not reloaded, the old one stays')
      return { kind: 'refused', reason }
    }
  }
}
