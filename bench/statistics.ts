export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly count: number
}

export function summarise(values: readonly number[]): Summary | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const [least] = sorted
  const most = sorted.at(-1)
  if (least === undefined || most === undefined) return undefined
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? least
  const median = Number.isInteger(middle) ? ((sorted[middle - 1] ?? least) + upper) / 2 : upper
  return { median, least, most, count: sorted.length }
}
