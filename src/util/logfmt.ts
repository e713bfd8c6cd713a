/**
 * One entry as a line of `key=value` pairs, in the form that Distribution's text formatter gives them: time, level and
 * message first, then the other fields by name. Nested fields get dotted names.
 *
 * @param entry must hold `time`, `level` and `msg`; the values are what JSON can hold
 */
export function formatLogfmt(entry: Readonly<Record<string, unknown>>): string {
  const { time, level, msg, ...fields } = entry
  const pairs = [`time=${quoted(time)}`, `level=${quoted(level)}`, `msg=${quoted(msg ?? '')}`]
  const flat: [string, unknown][] = []
  flatten(fields, '', 0, flat)
  flat.sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [key, value] of flat) pairs.push(`${safeKey(key)}=${quoted(value)}`)
  return pairs.join(' ')
}

const maxDepth = 4

function flatten(fields: object, prefix: string, depth: number, into: [string, unknown][]): void {
  for (const [key, value] of Object.entries(fields) as [string, unknown][]) {
    const name = prefix + key
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < maxDepth) {
      flatten(value, `${name}.`, depth + 1, into)
    } else into.push([name, value])
  }
}

/** What Distribution leaves without quotes; the ASCII part of it, tried first, is several times faster. */
const bareAscii = /^[A-Za-z0-9\-._/@^+]+$/
const bare = /^[\p{L}\p{N}\-._/@^+]+$/u

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null')
  if (bareAscii.test(text) || bare.test(text)) return text
  return `"${escapeControls(/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text)}"`
}

function safeKey(key: string): string {
  if (bareAscii.test(key)) return key
  return key === '' ? '_' : key.replace(/[\s="\\\p{C}]/gu, '_')
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Escapes everything that could end a line or steer a terminal: control characters, among them those above 0x7f that
 * JSON leaves as they are, invisible formatting characters, line separators, halves of surrogate pairs.
 */
export function escapeControls(text: string): string {
  if (!/[^\x20-\x7e]/.test(text)) return text
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => shortEscapes[character] ?? unicodeEscape(character),
  )
}

function unicodeEscape(character: string): string {
  // By code unit, so that it is also a valid escape in JSON.
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }).join('')
}
