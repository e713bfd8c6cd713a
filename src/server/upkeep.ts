import type { Log } from '../registry/context.ts'
import { timerOf } from '../util/timer.ts'

export interface UpkeepTask {
  /** For the log. */
  readonly name: string
  /** Milliseconds before the first run. */
  readonly delay: number
  /** Milliseconds between runs. */
  readonly interval: number
  /** @returns how many things were removed */
  readonly run: () => Promise<number>
}

/** Runs tasks beside serving, again and again. A run that fails is logged, and the next one comes all the same. */
export class Upkeep {
  readonly #log: Log
  readonly #timers = new Set<NodeJS.Timeout>()
  #stopped = false

  constructor(log: Log) {
    this.#log = log
  }

  start(tasks: readonly UpkeepTask[]): void {
    for (const task of tasks) this.#schedule(task, task.delay)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #schedule(task: UpkeepTask, milliseconds: number): void {
    if (this.#stopped) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#run(task)
    }, timerOf(milliseconds))
    this.#timers.add(timer)
  }

  async #run(task: UpkeepTask): Promise<void> {
    try {
      const removed = await task.run()
      if (removed > 0) this.#log.info({ task: task.name, removed }, 'upkeep done')
    } catch (error) {
      this.#log.warn({ task: task.name, err: error }, 'upkeep failed')
    }
    this.#schedule(task, task.interval)
  }
}
