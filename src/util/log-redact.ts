import type { LogFields } from './log-entry.ts'

/** As in `config/secrets.ts`. */
const secretName = /token|secret|passw(?:or)?d|api[-_]?key|cookie|authorization|credential/i

const censored = '[redacted]'

/** Names that the line has for its own time, level and message. */
const reserved: ReadonlySet<string> = new Set(['time', 'level', 'msg', 'message', '@timestamp', '@version'])

/**
 * The fields as a line may show them. Values of secret names are blotted out, in any letter case, at the top and one level
 * below (not by pino's own `redact`: its wildcards take some ten times as long as all else that a line needs). A field
 * that would stand for the line's own time, level or message is renamed, as logrus does.
 */
export function redacted(fields: LogFields): LogFields {
  let changed: Record<string, unknown> | undefined
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    const shown = isSecretName(key) ? censored : redactedBelow(value)
    if (shown === value && !reserved.has(key)) continue
    changed ??= { ...fields }
    if (reserved.has(key)) delete changed[key]
    changed[reserved.has(key) ? `fields.${key}` : key] = shown
  }
  return changed ?? fields
}

function redactedBelow(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const names = Object.keys(value).filter(isSecretName)
  if (names.length === 0) return value
  return { ...value, ...Object.fromEntries(names.map((name) => [name, censored])) }
}

function isSecretName(name: string): boolean {
  return secretName.test(name)
}
