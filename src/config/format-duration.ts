const units: readonly (readonly [string, number])[] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

/**
 * Writes a duration as the file has it: `168h`, `1m30s`, `1s500ms`, `0s`. The inverse of `parseDuration`.
 *
 * @param milliseconds 0 or more, with a fraction where there is one
 */
export function formatDuration(milliseconds: number): string {
  let rest = Math.floor(milliseconds)
  let text = ''
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest %= size
  }
  // Go knows nothing shorter than a nanosecond.
  const nanoseconds = Math.round((milliseconds % 1) * 1e6)
  if (nanoseconds > 0) text += `${nanoseconds}ns`
  return text === '' ? '0s' : text
}
