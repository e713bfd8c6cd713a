/** One answer of a server, as far as a load program needs it. */
export interface Answer {
  readonly status: number
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined
  /** How many bytes the body had, without the framing. */
  readonly bodyBytes: number
  /** Empty unless it was asked for. */
  readonly body: Buffer
}

type State = 'head' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer'

const blankLine = '\r\n\r\n'

/**
 * Reads HTTP/1.1 answers from pieces of a connection. Knows what registries send to well-formed requests and nothing
 * more, so that reading costs a load program little: a large body is counted, not copied.
 */
export class ResponseParser {
  readonly #onAnswer: (answer: Answer) => void
  #state: State = 'head'
  #text = ''
  #head = ''
  #left = 0
  #bytes = 0
  #kept: Buffer[] = []
  #hasBody = true
  #keep = false

  constructor(onAnswer: (answer: Answer) => void) {
    this.#onAnswer = onAnswer
  }

  /** Says what the next answer is to: whether a body follows its head, and whether to keep that body. */
  expect(hasBody: boolean, keep: boolean): void {
    this.#hasBody = hasBody
    this.#keep = keep
  }

  /** `data` may be used again by the caller afterwards. */
  feed(data: Buffer): void {
    let at = 0
    while (at < data.length) at = this.#step(data, at)
  }

  #step(data: Buffer, at: number): number {
    switch (this.#state) {
      case 'head': {
        const next = this.#readUntil(data, at, blankLine)
        if (next.text !== undefined) this.#beginBody(next.text)
        return next.at
      }
      case 'sized':
      case 'chunk': {
        const end = Math.min(data.length, at + this.#left)
        this.#take(data.subarray(at, end))
        this.#left -= end - at
        if (this.#left === 0) {
          if (this.#state === 'sized') this.#finish()
          else this.#state = 'chunk-end'
        }
        return end
      }
      case 'chunk-size': {
        const next = this.#readUntil(data, at, '\r\n')
        if (next.text !== undefined) {
          this.#left = Number.parseInt(next.text, 16)
          this.#state = this.#left === 0 ? 'trailer' : 'chunk'
        }
        return next.at
      }
      case 'chunk-end': {
        const next = this.#readUntil(data, at, '\r\n')
        if (next.text !== undefined) this.#state = 'chunk-size'
        return next.at
      }
      default: {
        // trailer
        const next = this.#readUntil(data, at, '\r\n')
        if (next.text === '') this.#finish()
        return next.at
      }
    }
  }

  /** Collects text up to `mark`, across pieces. */
  #readUntil(data: Buffer, at: number, mark: string): { text?: string; at: number } {
    const whole = this.#text === '' ? data.indexOf(mark, at, 'latin1') : -1
    if (whole !== -1) return { text: data.toString('latin1', at, whole), at: whole + mark.length }
    const before = this.#text.length
    const end = Math.min(data.length, at + 1024)
    this.#text += data.toString('latin1', at, end)
    const found = this.#text.indexOf(mark)
    if (found === -1) return { at: end }
    const text = this.#text.slice(0, found)
    this.#text = ''
    return { text, at: at + found + mark.length - before }
  }

  #beginBody(head: string): void {
    this.#head = head
    this.#bytes = 0
    this.#kept = []
    const status = Number(head.slice(9, 12))
    if (!this.#hasBody || status === 204 || status === 304) return this.#finish()
    const length = headerOf(head, 'content-length')
    if (length !== undefined) {
      this.#left = Number(length)
      this.#state = 'sized'
      if (this.#left === 0) this.#finish()
    } else if (headerOf(head, 'transfer-encoding') === 'chunked') {
      this.#state = 'chunk-size'
    } else {
      throw new Error(`an answer without a length: ${head}`)
    }
  }

  #take(piece: Buffer): void {
    this.#bytes += piece.length
    // An answer that reports a failure is short and worth reading.
    if (this.#keep || this.#head.charCodeAt(9) >= 0x34) this.#kept.push(Buffer.from(piece))
  }

  #finish(): void {
    const head = this.#head
    this.#state = 'head'
    this.#onAnswer({
      status: Number(head.slice(9, 12)),
      header: (name) => headerOf(head, name),
      bodyBytes: this.#bytes,
      body: Buffer.concat(this.#kept),
    })
  }
}

function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*\\r?$`, 'im').exec(head)?.[1]
}
