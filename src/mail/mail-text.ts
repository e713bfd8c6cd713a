import { inspect } from 'node:util'
import type { LogFields, LogLevelName } from '../util/log-entry.ts'
import type { Batch } from './gathering.ts'

export interface MailEntry {
  readonly level: LogLevelName
  readonly message: string
  readonly fields: LogFields
}

/**
 * Subject and text as Distribution writes them: `[level] host: message`, then the message and a line for each field. Several
 * entries follow each other.
 *
 * @param host of the mail server, which is what Distribution names
 */
export function mailText(
  { entries, dropped }: Batch<MailEntry>,
  host: string,
): { readonly subject: string; readonly text: string } {
  const [first] = entries
  const count = entries.length + dropped
  const title = count === 1 ? (first?.message ?? '') : `${count} lines of the log within a minute`
  const rest = dropped === 0 ? '' : `\nand ${dropped} more\n`
  return { subject: `[${worst(entries)}] ${host}: ${title}`, text: entries.map(body).join('\n') + rest }
}

function worst(entries: readonly MailEntry[]): LogLevelName {
  const levels: readonly LogLevelName[] = ['fatal', 'error', 'warning', 'info', 'debug']
  return levels.find((level) => entries.some((entry) => entry.level === level)) ?? 'trace'
}

function body({ message, fields }: MailEntry): string {
  const lines = Object.keys(fields)
    .toSorted()
    .map((name) => `${name}: ${shown(fields[name])}\n`)
  return `${message}\n\n${lines.join('')}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 3, breakLength: Infinity })
}
