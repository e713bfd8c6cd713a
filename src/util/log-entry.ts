export type LogFields = Readonly<Record<string, unknown>>

export type LogFormat = 'text' | 'json' | 'logstash'

/** The names that Distribution prints. */
export type LogLevelName = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'fatal'

/** What a line tells. */
export interface LogEntry {
  /** RFC 3339. */
  readonly time: string
  readonly level: LogLevelName
  readonly message: string
  readonly fields: LogFields
}

/** Told of every line of the levels that it asks for, once the line is written. Must not throw. */
export interface LogHook {
  readonly levels: readonly LogLevelName[]
  /** @param fields all of the line's, none of them secret */
  fire(level: LogLevelName, message: string, fields: LogFields): void
}
