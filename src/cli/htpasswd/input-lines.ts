import { HtpasswdError } from './htpasswd-error.ts'

/** Bytes that are read for a password; it may have far less. */
const longestInput = 4096

/** Standard input where it is no terminal, read as far as it is asked for. */
export class InputLines {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest = Buffer.alloc(0)
  #isAtEnd = false

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]()
  }

  /** The next line, without its end; what is there when the input ends without one. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\n')
      if (end >= 0 || this.#isAtEnd) {
        const line = end < 0 ? this.#rest : this.#rest.subarray(0, end)
        this.#rest = this.#rest.subarray(line.length + 1)
        return withoutReturn(line.toString())
      }
      // eslint-disable-next-line no-await-in-loop
      await this.#read()
    }
  }

  /** All of it, without the newline at its end. */
  async all(): Promise<string> {
    // eslint-disable-next-line no-await-in-loop
    while (!this.#isAtEnd) await this.#read()
    return withoutReturn(this.#rest.toString().replace(/\n$/, ''))
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#chunks.next()
    this.#isAtEnd = done === true
    if (done !== true) this.#rest = Buffer.concat([this.#rest, value])
    if (this.#rest.length > longestInput) throw new HtpasswdError('tooLong', 'the input is too long')
  }
}

function withoutReturn(line: string): string {
  return line.replace(/\r$/, '')
}
