import type { Logger as PinoLogger } from 'pino'
import { LineBatch } from './log-batch.ts'
import type { LogEntry, LogFields, LogFormat, LogHook } from './log-entry.ts'
import { levelName, warn } from './log-levels.ts'
import { formatForTerminal, type Terminal } from './log-terminal.ts'
import { escapeControls, fieldTexts, formatLogfmt, type FieldText } from './logfmt.ts'

export interface DestinationOptions {
  readonly formatter: LogFormat
  /** Shows text to people, there. */
  readonly terminal: Terminal | undefined
  /** A line's own fields, as they may be shown. */
  readonly shown: (fields: LogFields) => LogFields
  readonly write: (lines: string) => void
}

/** The fields that every line of a logger has. */
interface Standing {
  readonly fields: LogFields
  readonly texts: readonly FieldText[]
}

/**
 * Where pino writes its lines. Before each, pino says in `last…` what it made it of, so that text and mails need not be made
 * from the JSON.
 */
export class LogDestination {
  lastLevel = 0
  lastObj: object = {}
  lastMsg: string | undefined
  lastTime = ''
  lastLogger: PinoLogger | undefined
  readonly #options: DestinationOptions
  readonly #batch: LineBatch
  readonly #standing = new WeakMap<PinoLogger, Standing>()
  #hooks: readonly LogHook[] = []

  constructor(options: DestinationOptions) {
    this.#options = options
    this.#batch = new LineBatch(options.write)
  }

  /** Tells of a logger's fields, which come after its parent's. */
  introduce(logger: PinoLogger, fields: LogFields, parent?: PinoLogger): void {
    const all = { ...this.#standingOf(parent).fields, ...fields }
    this.#standing.set(logger, { fields: all, texts: fieldTexts(all) })
  }

  write(json: string): void {
    const line = `${this.#format(json)}\n`
    if (this.lastLevel < warn) this.#batch.add(line)
    else this.#batch.flush(line)
    if (this.#hooks.length > 0) this.#tellHooks()
  }

  flush(): void {
    this.#batch.flush()
  }

  setHooks(hooks: readonly LogHook[]): void {
    this.#hooks = hooks
  }

  #format(json: string): string {
    const { formatter, terminal } = this.#options
    if (formatter !== 'text') return escapeControls(json.trimEnd())
    if (terminal !== undefined) return formatForTerminal(this.#entry(), terminal, process.uptime())
    const own = this.#options.shown(this.lastObj as LogFields)
    return formatLogfmt({ ...this.#head(), fields: own }, this.#standingOf(this.lastLogger).texts)
  }

  #tellHooks(): void {
    const level = levelName(this.lastLevel)
    const asking = this.#hooks.filter((hook) => hook.levels.includes(level))
    if (asking.length === 0) return
    const { message, fields } = this.#entry()
    for (const hook of asking) hook.fire(level, message, fields)
  }

  #entry(): LogEntry {
    const own = this.#options.shown(this.lastObj as LogFields)
    return { ...this.#head(), fields: { ...this.#standingOf(this.lastLogger).fields, ...own } }
  }

  #head(): Omit<LogEntry, 'fields'> {
    return {
      // As it stands in JSON, with its quotes.
      time: this.lastTime.slice(1, -1),
      level: levelName(this.lastLevel),
      message: this.lastMsg ?? '',
    }
  }

  #standingOf(logger: PinoLogger | undefined): Standing {
    return (logger === undefined ? undefined : this.#standing.get(logger)) ?? noFields
  }
}

const noFields: Standing = { fields: {}, texts: [] }
