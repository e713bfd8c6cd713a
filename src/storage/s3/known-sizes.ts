/** Uploads under way in one process, more or less. */
const most = 1_000

/**
 * Sizes of objects that this process just made: who made one mostly moves it next, and need not ask for it first. A hint alone: it
 * decides how an object is copied, never whether.
 */
export class KnownSizes {
  readonly #sizes = new Map<string, number>()

  add(key: string, size: number): void {
    this.#sizes.delete(key)
    this.#sizes.set(key, size)
    const [oldest] = this.#sizes.keys()
    if (this.#sizes.size > most && oldest !== undefined) this.#sizes.delete(oldest)
  }

  take(key: string): number | undefined {
    const size = this.#sizes.get(key)
    this.#sizes.delete(key)
    return size
  }
}
