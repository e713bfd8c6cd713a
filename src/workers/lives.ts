/** Milliseconds before a worker that ended is started again; doubled by each short life in a row. */
const firstWait = 100
const longestWait = 5_000

/** Milliseconds. Who lived less did no good. */
const shortLife = 30_000

/** Short lives in a row after which no other one is to be expected. */
const hopeless = 7

/** How long the workers of one number have lived, one after the other. */
export class Lives {
  /** Short ones in a row. */
  #short = 0

  /**
   * One ended.
   *
   * @param milliseconds that it lived
   * @returns milliseconds to wait before the next one
   */
  ended(milliseconds: number): number {
    this.#short = milliseconds < shortLife ? this.#short + 1 : 1
    return Math.min(firstWait * 2 ** (this.#short - 1), longestWait)
  }

  /** @param milliseconds that the present one has lived so far; undefined: there is none */
  isHopeless(milliseconds: number | undefined): boolean {
    return this.#short >= hopeless && (milliseconds ?? 0) < shortLife
  }
}
