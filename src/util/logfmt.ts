import type { LogEntry, LogFields } from './log-entry.ts'

/** A field as a line shows it: a key, and ` key=value`. */
export interface FieldText {
  readonly key: string
  readonly text: string
}

/**
 * One entry as a line of `key=value` pairs, in the form that Distribution's text formatter (logrus's) gives them: time,
 * level and message first, then the other fields by name. Nested fields get dotted names.
 *
 * @param standing fields of every line, sorted; a field of the entry's takes the place of one of the same name
 */
export function formatLogfmt(
  { time, level, message, fields }: LogEntry,
  standing: readonly FieldText[] = [],
): string {
  const start = `time=${quoted(time)} level=${level}`
  return (message === '' ? start : `${start} msg=${quoted(message)}`) + joined(standing, fieldTexts(fields))
}

/** The fields, sorted by name. */
export function fieldTexts(
  fields: LogFields,
  showKey: (key: string) => string = String,
): readonly FieldText[] {
  const texts: FieldText[] = []
  flatten(fields, '', 0, (key, value) => {
    const field = { key, text: ` ${showKey(safeKey(key))}=${formatValue(value)}` }
    // There are few, and they come nearly sorted: this is several times faster than `sort`.
    let at = texts.length
    while (at > 0 && key < (texts[at - 1]?.key ?? '')) at--
    if (at === texts.length) texts.push(field)
    else texts.splice(at, 0, field)
  })
  return texts
}

/** Two sorted lists as one. */
export function joined(standing: readonly FieldText[], own: readonly FieldText[]): string {
  let text = ''
  let next = 0
  for (const field of own) {
    for (
      let other = standing[next];
      other !== undefined && other.key <= field.key;
      other = standing[++next]
    ) {
      if (other.key !== field.key) text += other.text
    }
    text += field.text
  }
  for (let other = standing[next]; other !== undefined; other = standing[++next]) text += other.text
  return text
}

const maxDepth = 4

function flatten(
  fields: object,
  prefix: string,
  depth: number,
  take: (key: string, value: unknown) => void,
): void {
  const record = fields as LogFields
  for (const name of Object.keys(record)) {
    const value = plain(record[name])
    if (value === undefined) continue
    const key = prefix === '' ? name : prefix + name
    if (isNested(value) && depth < maxDepth) flatten(value, `${key}.`, depth + 1, take)
    else take(key, value)
  }
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As JSON would have it: dates and URLs are texts, functions are nothing. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') return undefined
  if (!isNested(value) || !('toJSON' in value) || typeof value.toJSON !== 'function') return value
  try {
    return value.toJSON() as unknown
  } catch {
    return undefined
  }
}

function formatValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    default:
      return quoted(value === null ? '<nil>' : json(value))
  }
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return '[circular]'
  }
}

/** Logrus quotes whatever holds anything but these. An empty text is left empty. */
const needsQuotes = /[^A-Za-z0-9\-._/@^+]/

function quoted(text: string): string {
  return needsQuotes.test(text) ? quoteAsGo(text) : text
}

function safeKey(key: string): string {
  if (!needsQuotes.test(key)) return key === '' ? '_' : key
  return key.replace(/[\s="\\\p{C}]/gu, '_')
}

/** What Go prints as it is (`strconv.IsPrint`): letters, marks, numbers, punctuation, symbols, and the one space. */
const unprintable = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu
const unprintableAscii = /["\\]|[^\x20-\x7e]/

/** Text in double quotes as Go's `strconv.Quote` writes it. */
export function quoteAsGo(text: string): string {
  return unprintableAscii.test(text) ? `"${text.replace(unprintable, escapeAsGo)}"` : `"${text}"`
}

const goEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function escapeAsGo(character: string): string {
  const short = goEscapes[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${hex(code, 2)}`
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
}

/**
 * Escapes everything in a line of JSON that could end the line or steer a terminal and that JSON leaves as it is: control
 * characters above 0x7e, invisible formatting characters, line separators, halves of surrogate pairs.
 */
export function escapeControls(text: string): string {
  if (!/[^\x20-\x7e]/.test(text)) return text
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    // By code unit, so that it is a valid escape in JSON.
    Array.from({ length: character.length }, (_, index) => `\\u${hex(character.charCodeAt(index), 4)}`).join(
      '',
    ),
  )
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
