/** Bytes. Some 3000 lines. */
const mostBytes = 1024 * 1024

const newline = 0x0a

/** Lines on their way to a file. They leave in order, and whole for each file. */
export class WaitingLines {
  #lines: string[] = []
  #waiting = 0
  /** Whole lines that are being written, ... */
  #batch: Buffer = Buffer.alloc(0)
  /** ... how many of their bytes are, ... */
  #written = 0
  /** ... and where to. */
  #file: object | undefined

  /** Of lines that are not yet written. */
  get bytes(): number {
    return this.#waiting + this.#batch.length - this.#written
  }

  /**
   * @param line with its newline
   * @returns false when there is no room
   */
  add(line: string): boolean {
    const bytes = Buffer.byteLength(line)
    if (this.bytes + bytes > mostBytes) return false
    this.#lines.push(line)
    this.#waiting += bytes
    return true
  }

  /**
   * What is to be written next. A line of which another file has got the beginning is given whole.
   *
   * @param wholeBytes how many to give, if there are more; a longer line comes alone
   */
  next(file: object, wholeBytes: number): Uint8Array | undefined {
    if (this.#file !== file) this.#written = lineStart(this.#batch, this.#written)
    this.#file = file
    if (this.#written === this.#batch.length) this.#gather(wholeBytes)
    return this.#batch.length === 0 ? undefined : this.#batch.subarray(this.#written)
  }

  /** Bytes of what `next` gave last are written. */
  written(bytes: number): void {
    // Unless it was given up meanwhile.
    this.#written = Math.min(this.#written + bytes, this.#batch.length)
  }

  /** @returns how many lines are given up */
  clear(): number {
    const rest = this.#batch.subarray(this.#written)
    const count = this.#lines.length + rest.filter((byte) => byte === newline).length
    this.#lines = []
    this.#waiting = 0
    this.#batch = Buffer.alloc(0)
    this.#written = 0
    return count
  }

  #gather(wholeBytes: number): void {
    let count = 0
    let bytes = 0
    for (const line of this.#lines) {
      const length = Buffer.byteLength(line)
      if (count > 0 && bytes + length > wholeBytes) break
      count++
      bytes += length
    }
    this.#batch = Buffer.from(this.#lines.splice(0, count).join(''))
    this.#written = 0
    this.#waiting -= bytes
  }
}

/** Where the line begins that the byte at `position` belongs to. */
function lineStart(bytes: Buffer, position: number): number {
  return position === 0 ? 0 : bytes.lastIndexOf(newline, position - 1) + 1
}
