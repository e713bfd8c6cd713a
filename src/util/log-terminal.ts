import { isatty } from 'node:tty'
import type { LogEntry, LogLevelName } from './log-entry.ts'
import { escapeControls, fieldTexts, joined } from './logfmt.ts'

export interface Terminal {
  readonly colours: boolean
}

/** Standard error, if somebody looks at it. Its colours are off where they are not wanted: https://no-color.org */
export function terminalOf(env: NodeJS.ProcessEnv, fd: number = 2): Terminal | undefined {
  if (!isatty(fd)) return undefined
  const noColour = env['NO_COLOR'] ?? ''
  return { colours: noColour === '' && env['TERM'] !== 'dumb' }
}

/** Logrus's, as terminals number them. */
const colours: Readonly<Record<LogLevelName, string>> = {
  trace: '2;37',
  debug: '2;36',
  info: '36',
  warning: '33',
  error: '31',
  fatal: '31',
}

/**
 * One entry as logrus shows it on a terminal: `INFO[0012] message   key=value`, with the seconds since the start. Four
 * letters of the level, and the keys, are coloured.
 */
export function formatForTerminal(
  { level, message, fields }: LogEntry,
  terminal: Terminal,
  seconds: number,
): string {
  const paint = (text: string): string =>
    terminal.colours ? `\u001b[${colours[level]}m${text}\u001b[0m` : text
  const name = paint(level.slice(0, 4).toUpperCase())
  const clock = String(Math.floor(seconds)).padStart(4, '0')
  return `${name}[${clock}] ${escapeControls(message).padEnd(44)} ${joined([], fieldTexts(fields, paint))}`
}
