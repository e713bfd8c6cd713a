interface Discardable {
  discard(): Promise<void>
}

/**
 * What was prepared for a reload, until it is taken into use: the latest alone. The primary waits for none that takes long; such a one
 * may be ready after the next, and must not take its place.
 */
export class Preparation<Prepared extends Discardable> {
  /** How many were begun, or given up. */
  #count = 0
  #prepared: Prepared | undefined

  /**
   * Makes another one. The last one is discarded.
   *
   * @throws Error what `prepare` throws, or that there is a later one
   */
  async make(prepare: () => Promise<Prepared>): Promise<void> {
    const discarded = this.discard()
    const count = this.#count
    await discarded
    const prepared = await prepare()
    if (count === this.#count) {
      this.#prepared = prepared
      return
    }
    await prepared.discard()
    throw new Error('it was ready too late')
  }

  /** Whoever takes it uses it; undefined: there is none. */
  take(): Prepared | undefined {
    const prepared = this.#prepared
    this.#prepared = undefined
    return prepared
  }

  /** None is wanted, nor one that is being prepared. */
  async discard(): Promise<void> {
    this.#count++
    await this.take()?.discard()
  }
}
