export interface ThinnedOptions<Item> {
  /** @param count how many it stands for, itself among them */
  readonly write: (item: Item, count: number) => void
  /** Told once a second how many there were of keys that found no room. */
  readonly writeOthers: (count: number) => void
  /** Calls a function a second later. */
  readonly later?: (work: () => void) => void
}

/** Keys that get lines of their own within one second. */
const mostKeys = 20

/** What came of one key since its last line. */
interface Tally<Item> {
  count: number
  latest: Item
}

/**
 * Thins what anybody can cause as often as he likes, so that it fills no log: of each key there is one at once, and then the
 * latest once a second, with a count. Of more than some twenty keys within a second there is only a count.
 */
export class Thinned<Item> {
  readonly #options: ThinnedOptions<Item>
  readonly #tallies = new Map<string, Tally<Item>>()
  #others = 0
  #isFlushing = false

  constructor(options: ThinnedOptions<Item>) {
    this.#options = options
  }

  add(key: string, item: Item): void {
    const tally = this.#tallies.get(key)
    if (tally !== undefined) {
      tally.count++
      tally.latest = item
    } else if (this.#tallies.size < mostKeys) {
      this.#tallies.set(key, { count: 0, latest: item })
      this.#options.write(item, 1)
    } else {
      this.#others++
    }
    this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    const { later = aSecondLater } = this.#options
    later(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #flush(): void {
    for (const [key, { count, latest }] of this.#tallies) {
      if (count === 0) this.#tallies.delete(key)
      else {
        this.#tallies.set(key, { count: 0, latest })
        this.#options.write(latest, count)
      }
    }
    const others = this.#others
    this.#others = 0
    if (others > 0) this.#options.writeOthers(others)
    if (this.#tallies.size > 0) this.#flushLater()
  }
}

function aSecondLater(work: () => void): void {
  setTimeout(work, 1_000).unref()
}
