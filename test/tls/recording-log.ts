import type { Log } from '../../src/registry/context.ts'

/** A line that was logged. */
export interface LogEntry {
  readonly level: keyof Log
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A log that keeps what it is told. */
export function recordingLog(): { readonly log: Log; readonly entries: LogEntry[] } {
  const entries: LogEntry[] = []
  const at =
    (level: keyof Log) =>
    (fields: object, message: string): void => {
      entries.push({ level, message, fields: { ...fields } })
    }
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, entries }
}
