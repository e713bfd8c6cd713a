import type { Difference } from './compare.ts'
import type { KnownDifference, KnownField, Pattern } from './differences.ts'

/** The table of differences, which keeps account of what was needed. */
export class KnownDifferences {
  readonly #table: readonly KnownDifference[]
  readonly #used = new Set<KnownField>()
  /** Of those entries that are for some cases only. */
  readonly #usedCases = new Map<KnownDifference, Set<string>>()

  constructor(table: readonly KnownDifference[]) {
    this.#table = table
  }

  /** Whether there is an entry for it. All that fit count as needed. */
  explains(difference: Difference): boolean {
    let isKnown = false
    for (const entry of this.#table) {
      const { peer = difference.peer, cases = [difference.case] } = entry
      if (peer !== difference.peer || !cases.includes(difference.case)) continue
      for (const field of entry.of) {
        if (!fits(field, difference)) continue
        isKnown = true
        this.#used.add(field)
        this.#usedCases.set(entry, (this.#usedCases.get(entry) ?? new Set()).add(difference.case))
      }
    }
    return isKnown
  }

  /** What stands in the table and was not needed. */
  unused(): readonly string[] {
    return this.#table.flatMap((entry) => {
      const fields = entry.of
        .filter((field) => !this.#used.has(field))
        .map(([probe, field]) => `${entry.reason} (${String(probe)}: ${String(field)})`)
      const cases = (entry.cases ?? [])
        .filter((name) => this.#usedCases.get(entry)?.has(name) !== true)
        .map((name) => `${entry.reason} (case ${name})`)
      return [...fields, ...cases]
    })
  }
}

function fits([probe, field, distribution, berth]: KnownField, difference: Difference): boolean {
  return (
    matches(probe, difference.probe) &&
    matches(field, difference.field) &&
    matches(distribution, difference.distribution) &&
    matches(berth, difference.berth)
  )
}

function matches(pattern: Pattern, value: string | undefined): boolean {
  return pattern instanceof RegExp ? value !== undefined && pattern.test(value) : pattern === value
}
