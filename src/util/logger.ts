import { pino } from 'pino'
import type { Bindings, ChildLoggerOptions, Logger as PinoLogger, LoggerOptions } from 'pino'
import { logCaller } from './log-caller.ts'
import { LogDestination } from './log-destination.ts'
import type { LogFields, LogFormat, LogHook } from './log-entry.ts'
import { errorFields } from './log-error.ts'
import { levelName } from './log-levels.ts'
import { redacted } from './log-redact.ts'
import { standardError } from './log-stderr.ts'
import { terminalOf, type Terminal } from './log-terminal.ts'

/**
 * Where lines are written: `log.info({ digest }, 'constant lower-case text')`. Errors go into the field `err`. Setting
 * `level` counts at once, for children too.
 */
export interface Logger {
  level: string
  isLevelEnabled(level: string): boolean
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  fatal(fields: object, message: string): void
  /** A log whose every line has these fields too. */
  child(fields: LogFields): Logger
  /** Writes what is held back. */
  flush(): void
  /** Replaces those who are told of lines. */
  setHooks(hooks: readonly LogHook[]): void
}

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly formatter: LogFormat
  /** Added to every line. */
  readonly fields?: LogFields
  /** Adds to every line where it comes from. */
  readonly reportcaller?: boolean
  /** What shows the log to people; `text` looks otherwise there. Default: standard error, if it is a terminal. */
  readonly terminal?: Terminal
}

export interface LogStream {
  write(lines: string): unknown
}

/**
 * The log of the process. Lines below `warn` are held back for 200 ms at most, so that many are written together; a
 * line of `warn` or worse is written before the call returns, after all that were held.
 *
 * @param target standard error, when absent; what is held is then also written when the process exits
 */
export function createLogger(options: LogOptions, target?: LogStream): Logger {
  const { formatter, fields = {} } = options
  const shown = (given: LogFields): LogFields => shownFields(given, logger.isLevelEnabled('debug'))
  const destination = new LogDestination({
    formatter,
    terminal: options.terminal ?? (target === undefined ? terminalOf(process.env) : undefined),
    shown,
    write: target === undefined ? standardError() : (lines) => target.write(lines),
  })
  // With this mark pino tells what a line is made of.
  const stream = Object.assign(destination, { [pino.symbols.needsMetadataGsym]: true as const })
  const logger: PinoLogger = pino(pinoOptions(options, shown), stream)
  destination.introduce(logger, redacted(fields))
  introduceChildren(logger, destination)
  if (target === undefined) process.on('exit', () => destination.flush())
  return Object.assign(logger, {
    setHooks: (hooks: readonly LogHook[]): void => destination.setHooks(hooks),
  })
}

type ChildFunction = (this: PinoLogger, fields: Bindings, options?: ChildLoggerOptions) => PinoLogger

/** Pino lets a formatter see the fields of a line, but not those that a child logger brings. */
function introduceChildren(logger: PinoLogger, destination: LogDestination): void {
  const inherited: ChildFunction = Reflect.get<object, 'child'>(logger, 'child')
  const child: ChildFunction = function (fields, options) {
    const shown = redacted(fields)
    const made = inherited.call(this, shown, options)
    destination.introduce(made, shown, this)
    return made
  }
  // Children have their parent as prototype, so theirs is this one too.
  Object.defineProperty(logger, 'child', { value: child })
}

const nothing: LogFields = {}

function pinoOptions(options: LogOptions, shown: (fields: LogFields) => LogFields): LoggerOptions {
  const { level, formatter, fields = {}, reportcaller = false } = options
  const isLogstash = formatter === 'logstash'
  const timeKey = isLogstash ? '@timestamp' : 'time'
  return {
    level,
    messageKey: isLogstash ? 'message' : 'msg',
    base: { ...(isLogstash && { '@version': '1' }), ...redacted(fields) },
    timestamp: () => `,"${timeKey}":"${new Date().toISOString()}"`,
    ...(reportcaller && { mixin: logCaller }),
    formatters: {
      level: (_, number) => ({ level: levelName(number) }),
      // Text is not made from the JSON, which may be empty then.
      log: formatter === 'text' ? (): LogFields => nothing : shown,
    },
  }
}

function shownFields(given: LogFields, withStack: boolean): LogFields {
  if (given['err'] === undefined) return redacted(given)
  const { err, ...rest } = given
  return { ...redacted(rest), ...errorFields(err, withStack) }
}
