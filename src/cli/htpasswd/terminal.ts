import { openSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream } from 'node:tty'
import { HtpasswdError } from './htpasswd-error.ts'

/** Where somebody is asked. */
export interface Questions {
  /** @throws HtpasswdError `interrupted` */
  ask(question: string): Promise<string>
  close(): void
}

/** The terminal of this process, wherever its input and output go; undefined when it has none, as in a script of cron. */
export function openTerminal(): Questions | undefined {
  try {
    const fd = openSync('/dev/tty', 'r+')
    return new Terminal(new ReadStream(fd), (text) => void writeSync(fd, text))
  } catch {
    return undefined
  }
}

/** What is typed on a line, without the keys that change it. */
const longestLine = 1024

class Terminal implements Questions {
  readonly #input: ReadStream
  readonly #write: (text: string) => void
  readonly #decoder = new StringDecoder('utf8')
  /** Typed, and not yet looked at. */
  #typed: string[] = []
  #wake: (() => void) | undefined

  constructor(input: ReadStream, write: (text: string) => void) {
    this.#input = input
    this.#write = write
    // Nothing is echoed, and every key arrives as it is pressed, so that the line is edited here.
    input.setRawMode(true)
    input.on('data', (chunk: Buffer) => this.#take(Array.from(this.#decoder.write(chunk))))
    // The terminal was closed.
    for (const end of ['error', 'close', 'end']) input.on(end, () => this.#take(['\u0003']))
  }

  async ask(question: string): Promise<string> {
    this.#write(question)
    const line: string[] = []
    for (;;) {
      // eslint-disable-next-line no-await-in-loop
      const key = await this.#key()
      switch (key) {
        case '\r':
        case '\n':
        case '\u0004': // Ctrl-D
          this.#write('\n')
          return line.join('')
        case '\u0003': // Ctrl-C
          this.#write('\n')
          throw new HtpasswdError('interrupted', 'Interrupted.')
        case '\u007f':
        case '\b':
          line.pop()
          break
        case '\u0015': // Ctrl-U
          line.length = 0
          break
        default:
          if (line.length < longestLine) line.push(key)
      }
    }
  }

  close(): void {
    this.#input.removeAllListeners()
    this.#input.on('error', () => {})
    this.#input.setRawMode(false)
    this.#input.destroy()
  }

  #take(keys: readonly string[]): void {
    // Whoever pastes a file gains nothing by it.
    if (this.#typed.length < 2 * longestLine) this.#typed.push(...keys)
    this.#wake?.()
  }

  async #key(): Promise<string> {
    for (;;) {
      const key = this.#typed.shift()
      if (key !== undefined) return key
      // eslint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
