import type { Registry } from 'prom-client'

/** The values of all metrics at one time, as plain data. */
export type MetricsSnapshot = readonly {
  readonly name: string
  readonly help: string
  readonly type: string
  /** How values of several processes become one. */
  readonly aggregator: string
  readonly values: readonly {
    readonly value: number
    readonly labels: Readonly<Record<string, string | number | undefined>>
    readonly metricName?: string
  }[]
}[]

export async function snapshotOf(registry: Registry): Promise<MetricsSnapshot> {
  // What prom-client's types call a number is a word.
  const metrics: readonly object[] = await registry.getMetricsAsJSON()
  return metrics as MetricsSnapshot
}
