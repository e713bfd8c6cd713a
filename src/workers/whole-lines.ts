/** Bytes that a pipe takes in one piece, whoever else writes to it: PIPE_BUF of Linux. */
const wholeBytes = 4096

const newline = 0x0a

/**
 * Cuts lines into pieces that are written whole although several processes write to the same pipe: none ends within a line, unless the
 * line alone is too long.
 */
export function* wholePieces(lines: string): Generator<Buffer, void, undefined> {
  let rest = Buffer.from(lines)
  while (rest.length > wholeBytes) {
    let end = rest.lastIndexOf(newline, wholeBytes - 1) + 1
    if (end === 0) end = rest.indexOf(newline) + 1
    if (end === 0) break
    yield rest.subarray(0, end)
    rest = rest.subarray(end)
  }
  if (rest.length > 0) yield rest
}

/** The end of a stream that takes pieces, as `process.stdout` has it. */
export interface PieceStream {
  write(piece: Uint8Array, done: () => void): unknown
}

/** Writes lines to what other processes write to as well, one piece after the other: a stream would join those that wait. */
export class SharedStream {
  readonly #stream: PieceStream
  #waiting: Buffer[] = []
  #bytes = 0
  #isBusy = false

  constructor(stream: PieceStream) {
    this.#stream = stream
  }

  /** Bytes that wait for whoever reads. */
  get writableLength(): number {
    return this.#bytes
  }

  write(lines: string): void {
    for (const piece of wholePieces(lines)) {
      this.#waiting.push(piece)
      this.#bytes += piece.length
    }
    if (!this.#isBusy) this.#next()
  }

  #next(): void {
    const piece = this.#waiting.shift()
    this.#isBusy = piece !== undefined
    if (piece === undefined) return
    this.#stream.write(piece, () => {
      this.#bytes -= piece.length
      this.#next()
    })
  }
}
