import type { Caller } from './access.ts'

/** Where a call tells what happened: constant lower-case messages, values as fields. pino's loggers are of this form. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What belongs to one call and goes down with it. */
export interface Context {
  readonly log: Log
  /** Absent where nobody asks who it is. */
  readonly caller?: Caller
}
