import type { StorageReport } from '../app/storage/check.ts'

/** The report as a table, without its warnings and problems. */
export function reportText({ driver, place, facts, operations, isReadOnly }: StorageReport): string {
  const lines = [
    `${driver}: ${place}`,
    ...Object.entries(facts).map(([name, value]) => `  ${name}: ${value}`),
    ...(isReadOnly ? ['  storage.maintenance.readonly.enabled: nothing is written'] : []),
  ]
  if (operations.length === 0) return `${lines.join('\n')}\n`
  const width = Math.max(...operations.map(({ operation }) => operation.length))
  const row = (name: string, ...cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(12)).join('')}`
  return `${[
    ...lines,
    '',
    row('', 'rounds', 'median ms', 'worst ms'),
    ...operations.map(({ operation, rounds, median, worst }) =>
      row(operation, String(rounds), median.toFixed(1), worst.toFixed(1)),
    ),
  ].join('\n')}\n`
}

/** For scripts; milliseconds with three places. */
export function reportJson(report: StorageReport): Readonly<Record<string, unknown>> {
  const { driver, place, facts, isReadOnly, operations, warnings, problems } = report
  return {
    usable: problems.length === 0,
    driver,
    place,
    facts,
    readOnly: isReadOnly,
    operations: operations.map(({ operation, rounds, median, worst }) => ({
      operation,
      rounds,
      medianMs: rounded(median),
      worstMs: rounded(worst),
    })),
    warnings,
    problems,
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
