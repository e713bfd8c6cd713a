import type { Summary } from './statistics.ts'

export interface Column<T> {
  readonly title: string
  readonly right?: boolean
  cell(row: T): string
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

export function table<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ right }) => (right === true ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map((column) => column.cell(row).replaceAll('|', '\\|')))),
  ].join('\n')
}

/** Three digits that count, more before the point. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(value >= 10 ? 3 : 2)))
}

export function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return '–'
  const { median, least, most, count } = summary
  if (count === 1) return formatNumber(median)
  return `${formatNumber(median)} (${formatNumber(least)}–${formatNumber(most)})`
}
