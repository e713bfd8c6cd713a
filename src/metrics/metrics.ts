import { Registry } from 'prom-client'
import { createAuthMetrics, type AuthMetrics } from './auth-metrics.ts'
import { createGauges, type Gauges } from './gauges.ts'
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts'
import { collectRuntime } from './runtime.ts'
import { snapshotOf, type MetricsSnapshot } from './snapshot.ts'
import { createStorageMetrics, type StorageMetrics } from './storage-metrics.ts'

/** All that is measured, with Distribution's names where it has one. Names, labels and meanings: deploy/monitoring/README.md. */
export interface Metrics {
  readonly http: HttpMetrics
  readonly storage: StorageMetrics
  readonly auth: AuthMetrics
  readonly gauges: Gauges
  /** All of it in Prometheus's text format. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
  /** All of it as it can be sent to another process, which adds it up. */
  snapshot(): Promise<MetricsSnapshot>
}

export interface MetricsOptions {
  readonly version: string
}

/** Makes metrics of their own: there may be several in a process. */
export function createMetrics({ version }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectRuntime(registry, version)
  return {
    http: createHttpMetrics(registry),
    storage: createStorageMetrics(registry),
    auth: createAuthMetrics(registry),
    gauges: createGauges(registry),
    snapshot: () => snapshotOf(registry),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
