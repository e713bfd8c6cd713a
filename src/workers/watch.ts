import type { Log } from '../registry/context.ts'
import { NoAnswer } from './channel.ts'
import type { Child } from './child.ts'

export interface WatchTimes {
  /** Milliseconds between two questions. */
  readonly rhythm: number
  /** Milliseconds without any answer after which a worker is ended. A multiple of `rhythm`. */
  readonly patience: number
}

interface Watched {
  readonly number: number
  readonly child: Child
}

/** As long as the unit of systemd gives the primary. */
const standard: WatchTimes = { rhythm: 10_000, patience: 60_000 }

/**
 * Ends workers whose event loop stands still: they serve nobody, and what they are told piles up here. Rounds are counted, and not
 * time: after this process itself was halted, all have had their chance to answer.
 */
export class Watch {
  readonly #log: Log
  readonly #watched: () => readonly Watched[]
  readonly #times: WatchTimes
  /** How many questions each was asked since it answered last. */
  readonly #unanswered = new WeakMap<Child, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param watched those that serve now */
  constructor(log: Log, watched: () => readonly Watched[], times: WatchTimes = standard) {
    this.#log = log
    this.#watched = watched
    this.#times = times
  }

  start(): void {
    this.#timer = setInterval(() => {
      for (const one of this.#watched()) this.#look(one)
    }, this.#times.rhythm).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look({ number, child }: Watched): void {
    const { rhythm, patience } = this.#times
    const unanswered = this.#unanswered.get(child) ?? 0
    this.#unanswered.set(child, unanswered + 1)
    const most = Math.round(patience / rhythm)
    if (unanswered < most) void this.#ask(child)
    // Once: the system may need a while to end it.
    else if (unanswered === most) {
      const silent = `${patience / 1000}s`
      this.#log.error({ worker: number, pid: child.pid, silent }, 'worker does not answer, and is killed')
      child.kill('SIGKILL')
    }
  }

  /** Any answer will do, to whichever question. */
  async #ask(child: Child): Promise<void> {
    try {
      await child.channel.ask('alive', undefined, this.#times.patience)
    } catch (error) {
      if (error instanceof NoAnswer) return
    }
    this.#unanswered.set(child, 0)
  }
}
