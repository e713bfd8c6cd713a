import type { LogLevelName } from './log-entry.ts'

/** By pino's numbers. */
const names: Readonly<Record<number, LogLevelName>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warning',
  50: 'error',
  60: 'fatal',
}

/** Pino's number of the level from which on lines are written at once. */
export const warn = 40

/** @param level pino's number */
export function levelName(level: number): LogLevelName {
  return names[level] ?? 'info'
}
