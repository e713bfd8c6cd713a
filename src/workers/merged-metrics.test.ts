import assert from 'node:assert/strict'
import test from 'node:test'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { MergedMetrics } from './merged-metrics.ts'

async function render(
  merged: MergedMetrics,
  workers: readonly Metrics[],
): Promise<(series: string) => number> {
  const snapshots = await Promise.all(
    workers.map(async (worker, index) => [index + 1, structuredClone(await worker.snapshot())] as const),
  )
  const { text, contentType } = await merged.render(new Map(snapshots))
  assert.match(contentType, /^text\/plain/)
  return (series) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length),
    )
}

function request(metrics: Metrics, seconds: number): void {
  metrics.http.started('base', 'GET')
  metrics.http.finished({
    handler: 'base',
    method: 'GET',
    code: 200,
    seconds,
    requestBytes: 0,
    responseBytes: 2,
  })
}

const total = 'registry_http_requests_total{handler="base",method="get",code="200"}'
const bucket = 'registry_http_request_duration_seconds_bucket{le="0.01",handler="base",method="get"}'
const count = 'registry_http_request_duration_seconds_count{handler="base",method="get"}'

void test('counters, histograms and gauges of all workers are one', async () => {
  const workers = [createMetrics({ version: '1' }), createMetrics({ version: '1' })]
  const [one, other] = workers
  assert.ok(one && other)
  const reload = { successful: false, lastSuccess: 5_000 }
  const merged = new MergedMetrics({ reload: () => reload, counts: () => ({ wanted: 2, serving: 1 }) })
  for (const metrics of workers) {
    metrics.gauges.reload(() => ({ successful: true, lastSuccess: 1 }))
    metrics.gauges.health(() => ({ names: ['tcp'], failures: metrics === one ? { tcp: 'closed' } : {} }))
    metrics.gauges.tlsExpiry(() => (metrics === one ? 9_000 : 8_000))
  }
  request(one, 0.001)
  request(other, 0.5)
  one.http.started('blob', 'GET')
  other.http.started('blob', 'GET')
  const value = await render(merged, workers)
  assert.equal(value(total), 2)
  assert.equal(value(bucket), 1)
  assert.equal(value(count), 2)
  assert.equal(value('registry_http_in_flight_requests{handler="blob"}'), 2)
  assert.equal(value('berth_build_info{version="1",node="' + process.version + '"}'), 1)
  assert.equal(value('berth_config_last_reload_successful'), 0, 'the primary knows')
  assert.equal(value('berth_config_last_reload_success_timestamp_seconds'), 5)
  assert.equal(value('berth_health_check_failing{check="tcp"}'), 1)
  assert.equal(value('berth_tls_certificate_expiry_timestamp_seconds'), 8)
  assert.equal(value('berth_workers{state="wanted"}'), 2)
  assert.equal(value('berth_workers{state="serving"}'), 1)
  assert.ok(value('process_start_time_seconds') > 1e9)
})

void test('a worker that ends takes nothing that was counted with it, and one that is silent is as it was', async () => {
  const [one, other, next] = [1, 2, 3].map(() => createMetrics({ version: '1' }))
  assert.ok(one && other && next)
  const merged = new MergedMetrics({
    reload: () => ({ successful: true, lastSuccess: 1 }),
    counts: () => ({ wanted: 2, serving: 2 }),
  })
  request(one, 0.001)
  request(other, 0.001)
  one.http.started('blob', 'GET')
  assert.equal((await render(merged, [one, other]))(total), 2)
  for (let round = 1; round <= 3; round++) {
    merged.ended(1)
    const between = await render(merged, [])
    assert.equal(between(total), round + 1, 'it did not fall')
    assert.equal(between(count), round + 1)
    assert.equal(between('registry_http_in_flight_requests{handler="blob"}'), 0, 'it is no counter')
    assert.equal(between('berth_worker_ends_total'), round)
    const another = createMetrics({ version: '1' })
    request(another, 0.001)
    assert.equal((await render(merged, [another]))(total), round + 2)
  }
})
