import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** Gauges of prom-client that break Prometheus's rules for names; the same numbers are there by type. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** Milliseconds; a timer of Node's own measures how late it fires. */
const lagResolution = 20

/** The metrics of the process and of Node: `process_…`, and `nodejs_…` with the lag of the event loop. */
export function collectRuntime(registry: Registry, version: string): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagResolution })
  for (const name of misnamed) registry.removeSingleMetric(name)
  new Gauge({
    name: 'berth_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1)
}
