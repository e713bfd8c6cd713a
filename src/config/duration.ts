const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3, // U+00B5, the micro sign
  μs: 1e3, // U+03BC, the Greek letter: Go takes both
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

const term = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/** Go keeps a duration as a signed 64-bit count of nanoseconds: some 292 years. */
const longest = 2 ** 63

/**
 * Reads a duration as Distribution does: text is a Go duration (`10s`, `1h30m`, `-1.5h`, `0`), a bare number is a
 * count of **nanoseconds**.
 *
 * @returns milliseconds, with a fraction where there is one; `undefined` when it is not a duration
 */
export function parseDuration(value: string | number): number | undefined {
  const total = typeof value === 'number' ? Math.trunc(value) : parseText(value)
  return Math.abs(total) < longest ? total / 1e6 : undefined
}

function parseText(text: string): number {
  const negative = text.startsWith('-')
  const rest = text.replace(/^[-+]/, '')
  if (rest === '0') return 0
  let total = 0
  let end = 0
  while (end < rest.length) {
    term.lastIndex = end
    const match = term.exec(rest)
    if (match === null) return Number.NaN
    total += Number(match[1]) * (nanoseconds[match[2] ?? ''] ?? Number.NaN)
    end = term.lastIndex
  }
  if (end === 0) return Number.NaN
  return negative ? -total : total
}
