import { NoAnswer } from './channel.ts'

type Failures = Readonly<Record<string, string>>

/** Milliseconds for a worker to say how it is. Probes do not wait much longer. */
const patience = 500

/** Milliseconds after which one that does not say counts as failing: then requests hang, too. */
const longestSilence = 15_000

export interface Asked {
  readonly number: number
  readonly ask: (milliseconds: number) => Promise<Failures>
}

interface Known {
  failures: Failures
  /** Milliseconds of the clock: since when it does not answer. */
  silentSince: number | undefined
}

/**
 * The health of all workers as one: a check that fails in one of them fails. That a worker is being started again is none of it, while
 * another one serves.
 */
export class MergedHealth {
  readonly #now: () => number
  /** By number. */
  readonly #known = new Map<number, Known>()

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @param workers those that serve */
  async failures(workers: readonly Asked[]): Promise<Failures> {
    if (workers.length === 0) return { workers: 'none of them serves now' }
    for (const number of this.#known.keys())
      if (workers.every((worker) => worker.number !== number)) this.#known.delete(number)
    // The first that has a reason is as good as any other.
    const all = await Promise.all(workers.toReversed().map((worker) => this.#ask(worker)))
    return Object.assign({}, ...all) as Failures
  }

  async #ask({ number, ask }: Asked): Promise<Failures> {
    const known = this.#known.get(number) ?? { failures: {}, silentSince: undefined }
    this.#known.set(number, known)
    const askedAt = this.#now()
    try {
      known.failures = await ask(patience)
      known.silentSince = undefined
      return known.failures
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      known.silentSince ??= askedAt
      const silence = this.#now() - known.silentSince
      if (silence < longestSilence) return known.failures
      return { ...known.failures, [`worker ${number}`]: `no answer for ${Math.round(silence / 1000)} s` }
    }
  }
}
