const batchLength = 16 * 1024
const batchMilliseconds = 200

/** Gathers lines and writes them together: when there are 16 KiB of them, after 200 ms at the latest, or when told to. */
export class LineBatch {
  readonly #write: (lines: string) => void
  #held = ''
  #timer: NodeJS.Timeout | undefined

  constructor(write: (lines: string) => void) {
    this.#write = write
  }

  /** @param line with the newline at its end */
  add(line: string): void {
    this.#held += line
    if (this.#held.length >= batchLength) this.flush()
    // Not to keep the process alive: whoever ends it flushes.
    else this.#timer ??= setTimeout(() => this.flush(), batchMilliseconds).unref()
  }

  /** Writes what is held, and `more` after it, before it returns. */
  flush(more: string = ''): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#held + more
    this.#held = ''
    if (lines !== '') this.#write(lines)
  }
}
