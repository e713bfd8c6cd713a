/** Entries that are handed on at once after a quiet minute. */
const alone = 5
/** Entries that are kept for the end of the minute; of more, the number. */
const longest = 100
const minute = 60_000

/** What becomes one mail. */
export interface Batch<Entry> {
  readonly entries: readonly Entry[]
  /** How many more there were. */
  readonly dropped: number
}

/**
 * Decides what is mailed when: the first few entries each at once, what else comes within a minute together at its end; and as
 * long as that goes on, all of a minute together.
 */
export class Gathering<Entry> {
  readonly #handOn: (batch: Batch<Entry>) => void
  readonly #milliseconds: number
  #timer: NodeJS.Timeout | undefined
  #left = alone
  #entries: Entry[] = []
  #dropped = 0

  /** @param milliseconds of a minute */
  constructor(handOn: (batch: Batch<Entry>) => void, milliseconds: number = minute) {
    this.#handOn = handOn
    this.#milliseconds = milliseconds
  }

  add(entry: Entry): void {
    this.#timer ??= this.#startMinute()
    if (this.#left > 0) {
      this.#left--
      this.#handOn({ entries: [entry], dropped: 0 })
    } else if (this.#entries.length < longest) this.#entries.push(entry)
    else this.#dropped++
  }

  /** Hands on what was gathered. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#entries.length === 0) return
    const batch = { entries: this.#entries, dropped: this.#dropped }
    this.#entries = []
    this.#dropped = 0
    this.#handOn(batch)
  }

  #startMinute(): NodeJS.Timeout {
    return setTimeout(() => {
      const isBusy = this.#entries.length > 0
      this.flush()
      this.#left = isBusy ? 0 : alone
      if (isBusy) this.#timer = this.#startMinute()
    }, this.#milliseconds).unref()
  }
}
