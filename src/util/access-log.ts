import { LineBatch } from './log-batch.ts'

/** One request that was answered. */
export interface AccessLogEntry {
  /** The peer's address and, as in Distribution, nothing that a client can claim. */
  readonly remoteAddress: string
  readonly user?: string | undefined
  /** When the request came, in milliseconds since 1970; now, when absent. */
  readonly time?: number | undefined
  readonly method: string
  /** The request target as it was sent. */
  readonly uri: string
  /** Such as `HTTP/1.1`. */
  readonly protocol: string
  readonly status: number
  /** Bytes of the body that were sent. */
  readonly bytes: number
  readonly referer?: string | undefined
  readonly userAgent?: string | undefined
}

export interface AccessLog {
  line(entry: AccessLogEntry): void
  /** Writes what is still held back, and tells of what was dropped: to be called before the process ends. */
  flush(): void
}

/** Where the lines go, such as a `Writable`. */
export interface AccessLogStream {
  write(text: string): unknown
  /** Bytes that wait for whoever reads. */
  readonly writableLength?: number
}

export interface AccessLogOptions {
  /** Told how many lines were dropped since it was told last, once the stream flows again, or at `flush`. */
  readonly onDropped?: (count: number) => void
}

/** Bytes. Some 5000 lines. */
const mostWaiting = 1024 * 1024
/** A reader who is merely slow makes it start and stop all the time: not to be told of each. */
const reportMilliseconds = 1000

/**
 * A log of requests in Apache's combined format, a line each. It is written to on every request, so lines are
 * gathered and written together, after 200 ms at the latest. While nobody reads and more than 1 MiB waits, lines are dropped:
 * the registry neither waits for its log, as Distribution does, nor keeps it in memory.
 *
 * @param stream standard output, in Distribution
 */
export function createAccessLog(
  stream: AccessLogStream,
  { onDropped = (): void => {} }: AccessLogOptions = {},
): AccessLog {
  const clock = new Clock()
  const batch = new LineBatch((lines) => void stream.write(lines))
  let dropped = 0
  let check: NodeJS.Timeout | undefined

  const isFull = (): boolean => (stream.writableLength ?? 0) > mostWaiting

  const report = (): void => {
    clearTimeout(check)
    check = undefined
    if (dropped === 0) return
    const count = dropped
    dropped = 0
    onDropped(count)
  }

  const checkLater = (): NodeJS.Timeout =>
    setTimeout(() => {
      if (isFull()) check = checkLater()
      else report()
    }, reportMilliseconds).unref()

  return {
    line(entry: AccessLogEntry): void {
      if (isFull()) {
        dropped++
        check ??= checkLater()
        return
      }
      batch.add(format(entry, clock))
    },
    flush(): void {
      batch.flush()
      report()
    },
  }
}

function format(entry: AccessLogEntry, clock: Clock): string {
  const user =
    entry.user === undefined || entry.user === '' ? '-' : escaped(entry.user).replaceAll(' ', '\\x20')
  const request = `${escaped(entry.method)} ${escaped(entry.uri)} ${escaped(entry.protocol)}`
  const agent = `"${escaped(entry.referer ?? '')}" "${escaped(entry.userAgent ?? '')}"`
  const time = clock.format(entry.time ?? Date.now())
  return `${escaped(entry.remoteAddress)} - ${user} [${time}] "${request}" ${entry.status} ${entry.bytes} ${agent}\n`
}

const special = /[^\x20-\x7e]|["\\]/
const specials = /[^\x20-\x7e]|["\\]/gu

/** A client chooses most of a line's text: it must neither end its quotes nor the line, nor steer a terminal. */
function escaped(text: string): string {
  return special.test(text) ? text.replace(specials, escapeOne) : text
}

function escapeOne(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  const code = character.codePointAt(0) ?? 0
  // Node hands over header values byte by byte, each as the character of that number.
  const bytes = code <= 0xff ? [code] : [...Buffer.from(character)]
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** Formats times as `02/Jan/2006:15:04:05 -0700`, remembering the last second: most lines share it. */
class Clock {
  #second = Number.NaN
  #text = ''

  format(time: number): string {
    const second = Math.floor(time / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = formatTime(new Date(second * 1000))
    }
    return this.#text
  }
}

function formatTime(date: Date): string {
  const day = `${two(date.getDate())}/${months[date.getMonth()] ?? ''}/${date.getFullYear()}`
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
