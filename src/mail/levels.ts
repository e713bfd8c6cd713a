import type { LogLevelName } from '../util/log-entry.ts'

/** Distribution's names of levels. What panics there ends the process here, which is `fatal`. */
const names: Readonly<Record<string, LogLevelName>> = {
  panic: 'fatal',
  fatal: 'fatal',
  error: 'error',
  warn: 'warning',
  warning: 'warning',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
}

/** The levels that are meant, and what is none. */
export function hookLevels(given: readonly string[]): {
  readonly levels: readonly LogLevelName[]
  readonly unknown: readonly string[]
} {
  const found = given.map((name) => [name, names[name.trim().toLowerCase()]] as const)
  return {
    levels: [...new Set(found.flatMap(([, level]) => (level === undefined ? [] : [level])))],
    unknown: found.flatMap(([name, level]) => (level === undefined ? [name] : [])),
  }
}
