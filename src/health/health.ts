import type { Log } from '../registry/context.ts'
import { timerOf } from '../util/timer.ts'
import type { Check } from './check.ts'

/** Milliseconds; Distribution's, for checks whose interval is 0. */
const defaultInterval = 10_000

/** What is known of one check. */
interface Watched {
  readonly check: Check
  /** Failures since the last success. */
  failures: number
  /** Of the run under way. */
  run: { readonly abort: AbortController; readonly startedAt: number } | undefined
}

/**
 * Runs checks again and again, and remembers which of them fail. Each begins to count as failing after as many failures in a row
 * as its threshold says, and is right again after one success, as in Distribution's `health` package.
 *
 * At most one run of a check is under way: one that hangs counts as a failure at each interval, and nothing piles up behind it.
 */
export class Health {
  #watched: ReadonlyMap<string, Watched>
  readonly #log: Log
  /** The checks that fail, and why. */
  readonly #failing = new Map<string, string>()
  #timers: readonly NodeJS.Timeout[] = []
  /** Also when there is nothing to check. */
  #isStarted = false

  constructor(checks: readonly Check[], log: Log) {
    this.#watched = watch(checks)
    this.#log = log
  }

  /** Begins. No check has run when this returns, and none fails. */
  start(): void {
    this.stop()
    this.#isStarted = true
    this.#timers = [...this.#watched.values()].map((one) => {
      const { interval } = one.check
      const milliseconds = timerOf(interval > 0 ? interval : defaultInterval)
      return setInterval(() => this.#tick(one), milliseconds).unref()
    })
  }

  /** Ends; what was found last stays. */
  stop(): void {
    this.#isStarted = false
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    for (const one of this.#watched.values()) {
      one.run?.abort.abort()
      one.run = undefined
    }
  }

  /**
   * Goes on with other checks, as a reload brings them. Those that were there before, by name, are as healthy as they were: a
   * reload does not make a registry healthy.
   */
  replace(checks: readonly Check[]): void {
    const isStarted = this.#isStarted
    this.stop()
    const before = this.#watched
    this.#watched = watch(checks)
    for (const [name, one] of this.#watched) one.failures = before.get(name)?.failures ?? 0
    for (const name of before.keys()) if (!this.#watched.has(name)) this.#failing.delete(name)
    if (isStarted) this.start()
  }

  /** The names of all checks, in the order given. */
  get names(): readonly string[] {
    return [...this.#watched.keys()]
  }

  /** The checks that fail, by name, each with the reason. */
  get failures(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#failing)
  }

  /** Cheap: asked for each request. */
  get isHealthy(): boolean {
    return this.#failing.size === 0
  }

  #tick(one: Watched): void {
    if (one.run === undefined) {
      void this.#run(one)
    } else if (one.run.abort.signal.aborted) {
      this.#settle(one, noAnswer(Date.now() - one.run.startedAt))
    }
    // Else it is still in time, though slower than its interval: this turn is left out, as Go's ticker does.
  }

  async #run(one: Watched): Promise<void> {
    const { limit } = one.check
    const run = { abort: new AbortController(), startedAt: Date.now() }
    one.run = run
    const timer = setTimeout(() => {
      run.abort.abort()
      this.#settle(one, noAnswer(limit))
    }, timerOf(limit)).unref()
    const failure = await outcome(one.check, run.abort.signal)
    clearTimeout(timer)
    if (one.run === run) one.run = undefined
    // What comes too late was told already, or nobody asks any more.
    if (!run.abort.signal.aborted) this.#settle(one, failure)
  }

  #settle(one: Watched, failure: string | undefined): void {
    const { name, threshold } = one.check
    const wasFailing = this.#failing.has(name)
    if (failure === undefined) {
      one.failures = 0
      if (this.#failing.delete(name)) this.#log.info({ check: name }, 'health check passes again')
      return
    }
    one.failures++
    if (one.failures < Math.max(threshold, 1)) {
      this.#log.debug(
        { check: name, reason: failure, failures: one.failures, threshold },
        'health check failed',
      )
      return
    }
    this.#failing.set(name, failure)
    if (!wasFailing) this.#log.warn({ check: name, reason: failure }, 'health check is failing')
  }
}

function watch(checks: readonly Check[]): ReadonlyMap<string, Watched> {
  return new Map(withUniqueNames(checks).map((check) => [check.name, { check, failures: 0, run: undefined }]))
}

/** Two checks may look at the same place in different ways. */
function withUniqueNames(checks: readonly Check[]): readonly Check[] {
  const seen = new Map<string, number>()
  return checks.map((check) => {
    const count = (seen.get(check.name) ?? 0) + 1
    seen.set(check.name, count)
    return count === 1
      ? check
      : { ...check, name: `${check.name} (${count})`, run: (signal) => check.run(signal) }
  })
}

async function outcome(check: Check, signal: AbortSignal): Promise<string | undefined> {
  try {
    await check.run(signal)
    return undefined
  } catch (error) {
    return error instanceof Error && error.message !== '' ? error.message : String(error)
  }
}

function noAnswer(milliseconds: number): string {
  return `no answer for ${Math.round(milliseconds / 1000)} s`
}
