import { writeSync } from 'node:fs'
import { pino, stdTimeFunctions } from 'pino'
import type { Bindings, ChildLoggerOptions, Logger as PinoLogger, LoggerOptions } from 'pino'
import { errorFields } from './log-error.ts'
import { redacted } from './log-redact.ts'
import { escapeControls, formatLogfmt } from './logfmt.ts'

/** Pino's logger: `log.info({ digest }, 'constant lower-case text')`. Errors go into the field `err`. */
export type Logger = PinoLogger

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly formatter: 'text' | 'json' | 'logstash'
  /** Added to every line. */
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface LogStream {
  write(line: string): unknown
}

/**
 * The log of the process. Each line is written before the call returns, so that a last one is never lost.
 *
 * @param stream standard error, when absent
 */
export function createLogger(options: LogOptions, stream: LogStream = standardError()): Logger {
  const logger = pino(pinoOptions(options), {
    write: (line) => stream.write(toLine(line, options.formatter)),
  })
  redactChildren(logger)
  return logger
}

type ChildFunction = (this: Logger, fields: Bindings, options?: ChildLoggerOptions) => Logger

/** Pino lets a formatter see the fields of a line, but not those that a child logger brings. */
function redactChildren(logger: Logger): void {
  const inherited: ChildFunction = Reflect.get<object, 'child'>(logger, 'child')
  const child: ChildFunction = function (fields, options) {
    return inherited.call(this, redacted(fields), options)
  }
  // Children have their parent as prototype, so theirs is this one too.
  Object.defineProperty(logger, 'child', { value: child })
}

/** How often a full pipe is tried again, and after how many milliseconds. */
const attempts = 100
const pause = 5

/** A log that cannot be written, on a full disk or to a reader that went away, is no reason to stop serving. */
function standardError(): LogStream {
  const clock = new Int32Array(new SharedArrayBuffer(4))
  return {
    write(line: string): void {
      let rest = Buffer.from(line)
      for (let attempt = 0; attempt < attempts && rest.length > 0; attempt++) {
        try {
          rest = rest.subarray(writeSync(2, rest))
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
          Atomics.wait(clock, 0, 0, pause)
        }
      }
    },
  }
}

function pinoOptions({ level, formatter, fields = {} }: LogOptions): LoggerOptions {
  const withStack = level === 'debug'
  const logstash = formatter === 'logstash'
  return {
    level,
    messageKey: logstash ? 'message' : 'msg',
    base: { ...(logstash ? { '@version': '1' } : {}), ...redacted(withoutReserved(fields)) },
    timestamp: logstash
      ? (): string => `,"@timestamp":"${new Date().toISOString()}"`
      : stdTimeFunctions.isoTime,
    formatters: {
      // The names that Distribution prints.
      level: (label) => ({ level: label === 'warn' ? 'warning' : label }),
      log: (entry) => {
        if (entry['err'] === undefined) return redacted(entry)
        const { err, ...rest } = entry
        return { ...redacted(rest), ...errorFields(err, withStack) }
      },
    },
  }
}

const reserved: ReadonlySet<string> = new Set(['time', 'level', 'msg', 'message', '@timestamp', '@version'])

/** A configured field must not stand for the line's own time or message; logrus renames it the same way. */
function withoutReserved(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [reserved.has(key) ? `fields.${key}` : key, value]),
  )
}

function toLine(json: string, formatter: LogOptions['formatter']): string {
  const line = json.trimEnd()
  if (formatter !== 'text') return `${escapeControls(line)}\n`
  return `${formatLogfmt(JSON.parse(line) as Record<string, unknown>)}\n`
}
