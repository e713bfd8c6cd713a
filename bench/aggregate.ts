import type { ContenderId } from './contenders.ts'
import { lowerIsBetter, type Figure, type Load } from './load.ts'
import type { MediumName } from './media.ts'
import type { Results } from './results.ts'
import { summarise, type Summary } from './statistics.ts'

/** The rounds of a bench put together. A load that failed once has no figure. */
export class Aggregate {
  readonly results: Results
  readonly #loads: ReadonlyMap<string, Load>

  constructor(results: Results, loads: readonly Load[]) {
    this.results = results
    this.#loads = new Map(loads.map((load) => [load.id, load]))
  }

  has(load: string, medium: MediumName): boolean {
    return this.results.samples.some((sample) => sample.load === load && sample.medium === medium)
  }

  failure(load: string, medium: MediumName, contender: ContenderId): boolean {
    return this.#samples(load, medium, contender).some(({ error }) => error !== undefined)
  }

  /** In the load's unit. */
  value(load: string, medium: MediumName, contender: ContenderId): Summary | undefined {
    return summarise(this.#figures(load, medium, contender).map(({ value }) => value))
  }

  /** CPU time of the server for a unit of work, in `cpuUnit`. */
  cpu(load: string, medium: MediumName, contender: ContenderId): Summary | undefined {
    const factor = cpuScale(this.#loads.get(load)).perSecond
    return summarise(
      this.#figures(load, medium, contender).map(
        ({ serverCpuSeconds, work }) => (serverCpuSeconds / work) * factor,
      ),
    )
  }

  cpuUnit(load: Load): string {
    return `${cpuScale(load).unit} per ${load.work}`
  }

  /** CPU time of the load program in % of one core. */
  clientShare(load: string, medium: MediumName, contender: ContenderId): Summary | undefined {
    return summarise(
      this.#figures(load, medium, contender).map(
        ({ clientCpuSeconds, seconds }) => (clientCpuSeconds / seconds) * 100,
      ),
    )
  }

  extraNames(load: string, medium: MediumName): string[] {
    const names = this.results.samples
      .filter((sample) => sample.load === load && sample.medium === medium)
      .flatMap(({ figure }) => Object.keys(figure?.extras ?? {}))
    return [...new Set(names)]
  }

  extra(load: string, medium: MediumName, contender: ContenderId, name: string): Summary | undefined {
    const values = this.#figures(load, medium, contender).map(({ extras }) => extras?.[name])
    return summarise(values.filter((value) => value !== undefined))
  }

  /** How much better Berth on Node 24 is than another: above 1 it is. */
  ratio(load: Load, medium: MediumName, to: ContenderId, what: 'value' | 'cpu'): number | undefined {
    const ours = this[what](load.id, medium, 'berth')?.median
    const theirs = this[what](load.id, medium, to)?.median
    if (!ours || !theirs) return undefined
    return what === 'cpu' || lowerIsBetter(load.unit) ? theirs / ours : ours / theirs
  }

  #samples(load: string, medium: MediumName, contender: ContenderId): Results['samples'] {
    return this.results.samples.filter(
      (sample) => sample.load === load && sample.medium === medium && sample.contender === contender,
    )
  }

  #figures(load: string, medium: MediumName, contender: ContenderId): Figure[] {
    const samples = this.#samples(load, medium, contender)
    if (samples.some(({ error }) => error !== undefined)) return []
    return samples.flatMap(({ figure }) => (figure ? [figure] : []))
  }
}

function cpuScale(load: Load | undefined): { unit: string; perSecond: number } {
  switch (load?.work) {
    case 'GiB':
      return { unit: 's', perSecond: 1 }
    case 'request':
    case 'handshake':
    case 'blob':
      return { unit: 'µs', perSecond: 1e6 }
    default:
      return { unit: 'ms', perSecond: 1e3 }
  }
}
