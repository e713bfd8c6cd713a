import type { Aggregate } from './aggregate.ts'
import { bars, type Bar } from './bars.ts'
import type { Load, Unit } from './load.ts'
import { formatNumber, table } from './markdown.ts'
import type { MediumName } from './media.ts'
import { remarks } from './remarks.ts'

interface Row {
  readonly bar: Bar
  readonly load: Load
  readonly medium: MediumName
  readonly measured: number | undefined
}

/** The bars against what was measured. */
export function barsTable(aggregate: Aggregate, loads: readonly Load[]): string {
  const rows = bars.flatMap((bar) => {
    const load = loads.find(({ id }) => id === bar.load)
    if (load === undefined) return []
    return (bar.on ?? (['disk', 'tmpfs'] as const))
      .filter((medium) => aggregate.has(bar.load, medium))
      .map((medium): Row => ({ bar, load, medium, measured: measuredFor(aggregate, bar, load, medium) }))
  })
  return table(
    [
      {
        title: 'load',
        cell: ({ bar, load }) => {
          const title = bar.to === undefined ? load.title : `${load.title}, to Distribution 2.8`
          return bar.measure === 'cpu-ratio' ? `CPU per ${load.work}, ${title}` : title
        },
      },
      { title: 'on', cell: ({ medium }) => medium },
      { title: 'at least', right: true, cell: ({ bar, load }) => formatBar(bar, bar.atLeast, load.unit) },
      { title: 'hoped for', right: true, cell: ({ bar, load }) => formatBar(bar, bar.hopedFor, load.unit) },
      {
        title: 'measured',
        right: true,
        cell: ({ bar, load, measured }) => formatMeasured(bar, measured, load.unit),
      },
      { title: '', cell: verdict },
      { title: 'what holds it back', cell: ({ bar }) => remarks[bar.id] ?? '' },
    ],
    rows,
  )
}

function measuredFor(aggregate: Aggregate, bar: Bar, load: Load, medium: MediumName): number | undefined {
  switch (bar.measure) {
    case 'limit':
      return aggregate.value(load.id, medium, 'berth')?.median
    case 'ratio':
      return aggregate.ratio(load, medium, bar.to ?? 'distribution3', 'value')
    default:
      return aggregate.ratio(load, medium, bar.to ?? 'distribution3', 'cpu')
  }
}

function verdict({ bar, measured }: Row): string {
  if (measured === undefined) return 'not measured'
  if (bar.measure === 'limit') return measured <= bar.atLeast ? 'met' : '**missed**'
  if (measured < bar.atLeast) return '**missed**'
  return bar.hopedFor === undefined || measured < bar.hopedFor ? 'met' : 'met, as hoped'
}

function formatBar(bar: Bar, value: number | undefined, unit: Unit): string {
  if (value === undefined) return ''
  return bar.measure === 'limit' ? `≤ ${value} ${unit}` : `${value}x`
}

function formatMeasured(bar: Bar, measured: number | undefined, unit: Unit): string {
  if (measured === undefined) return '–'
  return bar.measure === 'limit' ? `${formatNumber(measured)} ${unit}` : `${formatNumber(measured)}x`
}
