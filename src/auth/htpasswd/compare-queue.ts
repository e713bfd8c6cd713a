import { RegistryError } from '../../registry/errors.ts'
import { networkKey } from '../../util/client-address.ts'
import { FairQueue } from './fair-queue.ts'

export interface CompareQueueOptions {
  /** Milliseconds of a clock that does not jump. */
  readonly now?: () => number
  /** Compares at one time. They run on the threads that also read and write files. */
  readonly atOnce?: number
  /** Waiting, of one address. */
  readonly perAddress?: number
  /** Waiting, of those who are known. Of others it is fewer. */
  readonly altogether?: number
}

/** Who waits. */
export interface Waiting {
  /** As `addressKey` gives it. */
  readonly address: string
  /** The user logged in from there before: he does not wait for those who did not. */
  readonly isKnown: boolean
}

const defaults = { now: (): number => performance.now(), atOnce: 2, perAddress: 16, altogether: 256 }

/** Milliseconds that those who are not known wait at most, as compares take now: a client does not wait much longer either. */
const longestWait = 2_000

/** Of those who are not known there is room for so many, however slow compares are. */
const leastRoom = 8

/** Milliseconds: bcrypt of cost 10, as long as nothing was measured. */
const usualCompare = 100

/** Of the newest measurement in the mean. */
const weight = 0.1

interface Job {
  readonly start: () => void
  readonly refuse: () => void
}

/** Makes compares of passwords wait for each other, in turns by network and address. */
export class CompareQueue {
  readonly #now: () => number
  readonly #atOnce: number
  readonly #known: FairQueue<Job>
  readonly #unknown: FairQueue<Job>
  #running = 0
  /** Milliseconds that a compare takes, on the whole. */
  #mean = usualCompare

  constructor(options: CompareQueueOptions = {}) {
    const { now, atOnce, perAddress, altogether } = { ...defaults, ...options }
    this.#now = now
    this.#atOnce = atOnce
    this.#known = new FairQueue({ perAddress, altogether: () => altogether })
    this.#unknown = new FairQueue({ perAddress, altogether: () => Math.min(altogether, this.#room()) })
  }

  /** @throws RegistryError TOO_MANY_REQUESTS when there is no room, or no more of it; whatever `compare` throws */
  async run<T>(waiting: Waiting, compare: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#wait(waiting)
    else this.#running++
    const began = this.#now()
    try {
      return await compare()
    } finally {
      this.#mean += weight * (this.#now() - began - this.#mean)
      this.#next()
    }
  }

  /** Of those who are not known: as many as are served within `longestWait`. */
  #room(): number {
    return Math.max(leastRoom, Math.round((longestWait * this.#atOnce) / this.#mean))
  }

  #wait({ address, isKnown }: Waiting): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (): void =>
        reject(
          new RegistryError('TOO_MANY_REQUESTS', {
            message: 'too many logins at once: try again',
            retryAfter: Math.ceil(longestWait / 1_000),
          }),
        )
      const queue = isKnown ? this.#known : this.#unknown
      const place = { network: networkKey(address), address }
      for (const displaced of queue.add(place, { start: resolve, refuse })) displaced.refuse()
    })
  }

  /** Hands the place of one that ended to the next. Known ones fail seldom, and are few: nobody waits long behind them. */
  #next(): void {
    const job = this.#known.take() ?? this.#unknown.take()
    if (job === undefined) this.#running--
    else job.start()
  }
}
