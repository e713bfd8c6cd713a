import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ContenderId } from './contenders.ts'
import type { Figure } from './load.ts'
import type { Machine } from './machine.ts'
import type { MediumName } from './media.ts'

/** One run of one load against one server: its figure, or why it has none. */
export interface Sample {
  readonly load: string
  readonly medium: MediumName
  readonly contender: ContenderId
  readonly round: number
  readonly figure?: Figure
  readonly error?: string
}

/** All of a bench: kept as JSON, from which a report can be written again. */
export interface Results {
  readonly date: string
  /** As it was called, without the names of folders and files. */
  readonly command: string
  readonly machine: Machine
  readonly scale: number
  readonly rounds: number
  readonly seconds: number
  readonly minutes: number
  readonly contenders: readonly {
    readonly id: ContenderId
    readonly title: string
    readonly version: string
  }[]
  /** Why some take no part, or only in part. */
  readonly notes: readonly string[]
  readonly samples: readonly Sample[]
}

const order: readonly ContenderId[] = ['berth', 'berth-node20', 'distribution3', 'distribution2']

export function readResults(path: string): Results | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : undefined
}

export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`)
}

/** Puts what was measured now in the place of what was measured before, load by load and server by server. */
export function mergeResults(before: Results | undefined, now: Results): Results {
  if (before === undefined || before.scale !== now.scale) return now
  const measured = new Set(now.samples.map(key))
  const ids = new Set(now.contenders.map(({ id }) => id))
  return {
    ...now,
    command: `${before.command}; ${now.command}`,
    minutes: before.minutes + now.minutes,
    rounds: Math.max(before.rounds, now.rounds),
    contenders: [...now.contenders, ...before.contenders.filter(({ id }) => !ids.has(id))].toSorted(
      (a, b) => order.indexOf(a.id) - order.indexOf(b.id),
    ),
    notes: [...new Set([...now.notes, ...before.notes])],
    samples: [...before.samples.filter((sample) => !measured.has(key(sample))), ...now.samples],
  }
}

function key(sample: Sample): string {
  return `${sample.load} ${sample.medium} ${sample.contender}`
}
