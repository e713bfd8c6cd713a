import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { createGauges, type ReloadState } from '../metrics/gauges.ts'
import { snapshotOf, type MetricsSnapshot } from '../metrics/snapshot.ts'

export interface MetricsSources {
  readonly reload: () => ReloadState
  readonly counts: () => { readonly wanted: number; readonly serving: number }
}

type Metric = MetricsSnapshot[number]

/** How the values of several processes become one, where prom-client would add them or leave them out. The primary's come first. */
const merging: Readonly<Record<string, string>> = {
  process_start_time_seconds: 'first',
  berth_build_info: 'first',
  berth_health_check_failing: 'max',
  berth_redis_up: 'min',
  berth_acme_certificate_expiry_timestamp_seconds: 'min',
  berth_tls_certificate_expiry_timestamp_seconds: 'min',
}

/** Of the primary's own process, what is added to that of the workers; all else would be about its own event loop. */
const added = /^process_(?:cpu_|resident_|virtual_|heap_|open_|start_)/

/**
 * The metrics of all workers and of the primary on one page. Counters do not fall when a worker ends: what it had counted when it
 * was asked last stays in the sum.
 */
export class MergedMetrics {
  /** What the primary alone knows. */
  readonly #own = new Registry()
  readonly #process = new Registry()
  readonly #ends: Counter
  /** By number. */
  readonly #latest = new Map<number, MetricsSnapshot>()
  /** What those counted that are gone. */
  #departed: Promise<MetricsSnapshot> = Promise.resolve([])

  constructor({ reload, counts }: MetricsSources) {
    const registers = [this.#own]
    createGauges(this.#own).reload(reload)
    const workers: Gauge = new Gauge({
      name: 'berth_workers',
      help: 'Workers: those that there should be, and those that serve.',
      labelNames: ['state'],
      registers,
      collect() {
        const { wanted, serving } = counts()
        workers.set({ state: 'wanted' }, wanted)
        workers.set({ state: 'serving' }, serving)
      },
    })
    this.#ends = new Counter({
      name: 'berth_worker_ends_total',
      help: 'Workers that ended by themselves, and were started again.',
      registers,
    })
    collectDefaultMetrics({ register: this.#process })
  }

  /**
   * A worker has ended.
   *
   * @param wasAsked by a signal that was meant for it
   */
  ended(number: number, wasAsked: boolean = false): void {
    if (!wasAsked) this.#ends.inc()
    const latest = this.#latest.get(number) ?? []
    this.#latest.delete(number)
    const counted = latest.filter(({ type }) => type === 'counter' || type === 'histogram')
    if (counted.length > 0)
      this.#departed = this.#departed.then((departed) =>
        snapshotOf(AggregatorRegistry.aggregate([[...departed], counted])),
      )
  }

  /** @param snapshots of the workers that answered, by number; of one that did not, what it said last counts */
  async render(
    snapshots: ReadonlyMap<number, MetricsSnapshot>,
  ): Promise<{ readonly contentType: string; readonly text: string }> {
    for (const [number, snapshot] of snapshots) this.#latest.set(number, snapshot)
    const own = await snapshotOf(this.#own)
    const primary = await snapshotOf(this.#process)
    // At the same moment: a worker that ends is in one or in the other.
    const latest = [...this.#latest.values()]
    const departed = await this.#departed
    const names = new Set(own.map(({ name }) => name))
    const isOthers = ({ name }: Metric): boolean => !names.has(name)
    const merged = AggregatorRegistry.aggregate([
      [...own],
      primary.filter(({ name }) => added.test(name)).map(mergeable),
      ...latest.map((snapshot) => snapshot.filter(isOthers).map(mergeable)),
      [...departed],
    ])
    return { contentType: merged.contentType, text: await merged.metrics() }
  }
}

function mergeable(metric: Metric): Metric {
  return { ...metric, aggregator: merging[metric.name] ?? metric.aggregator }
}
