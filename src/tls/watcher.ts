import type { Log } from '../registry/context.ts'
import { isUnchanged, stateOfFiles, type FileState } from '../util/file-state.ts'
import { pathsOf } from './files.ts'
import { loadCertificates, type LoadedCertificates } from './load.ts'
import { certificateFields, warnOfDefects, warnOfExpiry } from './warnings.ts'

export interface WatcherOptions {
  /** Takes the new ones into use. When it throws, they are refused. */
  readonly onChange: (loaded: LoadedCertificates) => void
  /** Milliseconds between two looks at the files. Default: 10 s. */
  readonly interval?: number
  /** Milliseconds between two looks while files are being written. Default: 500. */
  readonly retryInterval?: number
  /** Milliseconds for which bad files are taken for half-written ones. Default: 5 s. */
  readonly patience?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly load?: typeof loadCertificates
}

const defaults = {
  interval: 10_000,
  retryInterval: 500,
  patience: 5_000,
  now: Date.now,
  load: loadCertificates,
} as const

/** `refused`: what is on disk cannot be used, and the old certificates stay. */
export type CheckOutcome = 'unchanged' | 'changed' | 'refused'

/** Since when the files are bad in the way that `summary` tells, and whether the log says so. */
interface Failure {
  readonly summary: string
  readonly since: number
  readonly isReported: boolean
}

/** Milliseconds between two warnings of a certificate that expires. */
const reminderInterval = 24 * 60 * 60 * 1000

/**
 * Keeps the certificates that are in use like those on disk. It looks at the files again and again, for `fs.watch` notices neither
 * what happens behind a link nor on many mounts: so it sees files that are written in place or replaced, links of certbot, and
 * the folder that Kubernetes swaps. What it cannot use is tried again for a while, since certificate and key cannot be
 * replaced both at once; then one error is logged.
 */
export class CertificateWatcher {
  readonly #log: Log
  readonly #options: Required<WatcherOptions>
  #current: LoadedCertificates
  #failure: Failure | undefined
  #remindedAt = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** The latest look; the next one begins when it has ended. */
  #looking: Promise<unknown> = Promise.resolve()

  /** @param loaded those that are in use */
  constructor(loaded: LoadedCertificates, log: Log, options: WatcherOptions) {
    this.#current = loaded
    this.#log = log
    this.#options = { ...defaults, ...options }
  }

  /** Those in use. */
  get current(): LoadedCertificates {
    return this.#current
  }

  /** Whether the files are still what they were when those in use were read. */
  async isCurrent(): Promise<boolean> {
    const { files, state } = this.#current
    return isUnchanged(state, await stateOfFiles(pathsOf(files), this.#options.now()))
  }

  /** Warns of what is wrong with the current ones, and watches from now on. Does not keep the process alive. */
  start(): void {
    const now = this.#options.now()
    warnOfDefects(this.#current, this.#log, now)
    this.#remind(now)
    this.#schedule()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** Reads the files now, and takes what they hold into use if it can; a failure is logged at once. */
  async check(): Promise<CheckOutcome> {
    return await this.#next(() => this.#reload(true))
  }

  #schedule(): void {
    if (this.#isStopped) return
    const { interval, retryInterval } = this.#options
    const isBusy = this.#failure?.isReported === false || !this.#current.state.isSettled
    this.#timer = setTimeout(
      () => void this.#next(() => this.#poll()).then(() => this.#schedule()),
      isBusy ? retryInterval : interval,
    ).unref()
  }

  #next<T>(look: () => Promise<T>): Promise<T> {
    const result = this.#looking.then(look)
    this.#looking = result
    return result
  }

  async #poll(): Promise<void> {
    const now = this.#options.now()
    this.#remind(now)
    const state = await stateOfFiles(pathsOf(this.#current.files), now)
    if (this.#failure !== undefined || !isUnchanged(this.#current.state, state)) await this.#reload(false)
  }

  /** @param isAsked somebody waits for the outcome, and says by it that the files are whole */
  async #reload(isAsked: boolean): Promise<CheckOutcome> {
    const { now, load, onChange } = this.#options
    const before = await stateOfFiles(pathsOf(this.#current.files), now())
    try {
      const loaded = await load(this.#current.files, new Date(now()))
      if (this.#isStopped) return 'unchanged'
      const isChanged = !isSame(loaded, this.#current)
      if (isChanged) onChange(loaded)
      this.#current = loaded
      this.#succeeded(isChanged)
      return isChanged ? 'changed' : 'unchanged'
    } catch (error) {
      // When they expired in use, the reminder tells.
      if (this.#isStopped || isUnchanged(this.#current.state, before)) return 'unchanged'
      this.#failed(before, error, isAsked)
      return 'refused'
    }
  }

  #succeeded(isChanged: boolean): void {
    const now = this.#options.now()
    if (isChanged) {
      this.#log.info(certificateFields(this.#current), 'certificates reloaded')
      warnOfDefects(this.#current, this.#log, now)
      this.#remindedAt = 0
      this.#remind(now)
    } else if (this.#failure?.isReported === true) {
      this.#log.info(certificateFields(this.#current), 'the certificates in use are back on disk')
    }
    this.#failure = undefined
  }

  #failed({ summary }: FileState, error: unknown, isAsked: boolean): void {
    const { now, patience } = this.#options
    const known = this.#failure?.summary === summary ? this.#failure : undefined
    const since = known?.since ?? now()
    const isDue = isAsked || now() - since >= patience
    if (isDue && (isAsked || known?.isReported !== true))
      this.#log.error({ err: error }, 'certificates not reloaded, the old ones stay in use')
    this.#failure = { summary, since, isReported: isDue || known?.isReported === true }
  }

  #remind(now: number): void {
    if (now - this.#remindedAt < reminderInterval) return
    this.#remindedAt = now
    warnOfExpiry(this.#current, this.#log, now)
  }
}

function isSame(one: LoadedCertificates, other: LoadedCertificates): boolean {
  return JSON.stringify(one.context) === JSON.stringify(other.context)
}
