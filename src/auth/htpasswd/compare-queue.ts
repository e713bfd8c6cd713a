import { RegistryError } from '../../registry/errors.ts'
import { FairQueue } from './fair-queue.ts'

export interface CompareQueueOptions {
  /** Compares at one time. They run on the threads that also read and write files. */
  readonly atOnce?: number
  /** Waiting, of one address. */
  readonly perAddress?: number
  /** Waiting, of those who are known, and of those who are not. */
  readonly altogether?: number
}

/** Who waits. */
export interface Waiting {
  readonly address: string
  /** The user logged in from there before: he does not wait for those who did not. */
  readonly isKnown: boolean
}

const defaults = { atOnce: 2, perAddress: 16, altogether: 256 } as const

/** Seconds after which one who found no room may come again: about what a full queue takes. */
const retryAfter = 5

interface Job {
  readonly start: () => void
  readonly refuse: () => void
}

/** Makes compares of passwords wait for each other, in turns by address. */
export class CompareQueue {
  readonly #atOnce: number
  readonly #known: FairQueue<Job>
  readonly #unknown: FairQueue<Job>
  #running = 0

  constructor(options: CompareQueueOptions = {}) {
    const { atOnce, perAddress, altogether } = { ...defaults, ...options }
    this.#atOnce = atOnce
    this.#known = new FairQueue({ perLane: perAddress, altogether })
    this.#unknown = new FairQueue({ perLane: perAddress, altogether })
  }

  /** @throws RegistryError TOO_MANY_REQUESTS when there is no room, or no more of it; whatever `compare` throws */
  async run<T>(waiting: Waiting, compare: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#wait(waiting)
    else this.#running++
    try {
      return await compare()
    } finally {
      this.#next()
    }
  }

  #wait({ address, isKnown }: Waiting): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (): void =>
        reject(
          new RegistryError('TOO_MANY_REQUESTS', {
            message: 'too many logins at once: try again',
            retryAfter,
          }),
        )
      const placed = (isKnown ? this.#known : this.#unknown).add(address, { start: resolve, refuse })
      if (placed === 'refused') refuse()
      else if (placed !== 'waits') placed.displaced.refuse()
    })
  }

  /** Hands the place of one that ended to the next. Known ones fail seldom, and are few: nobody waits long behind them. */
  #next(): void {
    const job = this.#known.take() ?? this.#unknown.take()
    if (job === undefined) this.#running--
    else job.start()
  }
}
