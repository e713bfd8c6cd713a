import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { handlerNames, handlerOf } from './handler-name.ts'
import { headSize } from './head-size.ts'
import { methodLabel } from './method-label.ts'
import { createMetrics, type Metrics } from './metrics.ts'

const version = '1.2.3'

/** The samples by name and labels, labels sorted. */
async function samples(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const { text } = await metrics.render()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const sorted = [...labels.matchAll(/\w+="[^"]*"/g)].map(([pair]) => pair).toSorted()
      return [sorted.length === 0 ? name : `${name}{${sorted.join(',')}}`, Number(value)]
    }),
  )
}

const request = {
  handler: 'manifest',
  method: 'GET',
  code: 200,
  seconds: 0.02,
  requestBytes: 0,
  responseBytes: 2000,
} as const

describe('the metrics of requests', () => {
  it('count by handler, method and code', async () => {
    const metrics = createMetrics({ version })
    for (const code of [200, 200, 404]) {
      metrics.http.started('manifest', 'GET')
      metrics.http.finished({ ...request, code })
    }
    const all = await samples(metrics)
    assert.equal(all.get('registry_http_requests_total{code="200",handler="manifest",method="get"}'), 2)
    assert.equal(all.get('registry_http_requests_total{code="404",handler="manifest",method="get"}'), 1)
  })

  it("have Distribution's buckets", async () => {
    const metrics = createMetrics({ version })
    metrics.http.started('manifest', 'GET')
    metrics.http.finished({ ...request, headBytes: 100, requestBytes: 1000 })
    const all = await samples(metrics)
    const bounds = (name: string): readonly string[] =>
      [...all.keys()]
        .filter((key) => key.startsWith(`${name}_bucket`))
        .map((key) => /le="([^"]*)"/.exec(key)?.[1] ?? '')
    assert.deepEqual(bounds('registry_http_request_duration_seconds'), [
      '0.005',
      '0.01',
      '0.025',
      '0.05',
      '0.1',
      '0.25',
      '0.5',
      '1',
      '2.5',
      '5',
      '10',
      '25',
      '60',
      '+Inf',
    ])
    const sizes = Array.from({ length: 22 }, (_, index) => String(1024 * 2 ** index))
    assert.deepEqual(bounds('registry_http_request_size_bytes'), [...sizes, '+Inf'])
    assert.deepEqual(bounds('registry_http_response_size_bytes'), [...sizes, '+Inf'])
    assert.equal(
      all.get('registry_http_request_duration_seconds_bucket{handler="manifest",le="0.01",method="get"}'),
      0,
    )
    assert.equal(
      all.get('registry_http_request_duration_seconds_bucket{handler="manifest",le="0.025",method="get"}'),
      1,
    )
    assert.equal(all.get('registry_http_request_duration_seconds_sum{handler="manifest",method="get"}'), 0.02)
    assert.equal(all.get('registry_http_request_size_bytes_sum{handler="manifest"}'), 1100)
    assert.equal(all.get('registry_http_response_size_bytes_bucket{handler="manifest",le="1024"}'), 0)
    assert.equal(all.get('registry_http_response_size_bytes_bucket{handler="manifest",le="2048"}'), 1)
    assert.equal(all.get('registry_http_response_size_bytes_sum{handler="manifest"}'), 2000)
  })

  it('show what is in flight, by handler, from the start', async () => {
    const metrics = createMetrics({ version })
    const inFlight = async (): Promise<Readonly<Record<string, number>>> => {
      const all = [...(await samples(metrics))].filter(([key]) => key.startsWith('registry_http_in_flight'))
      return Object.fromEntries(all.map(([key, value]) => [/"(.*)"/.exec(key)?.[1] ?? '', value]))
    }
    const none = Object.fromEntries(handlerNames.map((name) => [name, 0]))
    assert.deepEqual(await inFlight(), none)
    metrics.http.started('manifest', 'GET')
    metrics.http.started('manifest', 'GET')
    metrics.http.finished(request)
    assert.deepEqual(await inFlight(), { ...none, manifest: 1 })
  })

  it('show the uploads that are in flight', async () => {
    const metrics = createMetrics({ version })
    const uploads = async (): Promise<number | undefined> =>
      (await samples(metrics)).get('berth_uploads_in_flight')
    const counted: readonly (readonly [Parameters<Metrics['http']['started']>[0], string, number])[] = [
      ['blob_upload', 'POST', 1],
      ['blob_upload_chunk', 'PATCH', 2],
      ['blob_upload_chunk', 'PUT', 3],
      ['blob_upload_chunk', 'GET', 3],
      ['manifest', 'PUT', 3],
    ]
    for (const [handler, method, count] of counted) {
      metrics.http.started(handler, method)
      assert.equal(await uploads(), count, `${handler} ${method}`)
    }
    for (const [handler, method] of counted) metrics.http.finished({ ...request, handler, method })
    assert.equal(await uploads(), 0)
  })

  it('count bytes of bodies, and requests that reach no handler by their code', async () => {
    const metrics = createMetrics({ version })
    metrics.http.started('blob', 'GET')
    metrics.http.finished({ ...request, handler: 'blob', requestBytes: 7, responseBytes: 10 })
    metrics.http.started(undefined, 'GET')
    metrics.http.finished({ ...request, handler: undefined, code: 503, requestBytes: 1, responseBytes: 5 })
    const all = await samples(metrics)
    assert.equal(all.get('berth_http_request_body_bytes_total'), 8)
    assert.equal(all.get('berth_http_response_body_bytes_total'), 15)
    assert.equal(all.get('berth_http_unrouted_requests_total{code="503"}'), 1)
    assert.equal([...all.keys()].filter((key) => key.startsWith('registry_http_requests_total')).length, 1)
  })

  it('have no label for each method that somebody thinks of', async () => {
    const metrics = createMetrics({ version })
    for (const method of ['BREW', 'PROPFIND', 'get', '__proto__', 'constructor', 'X'.repeat(100)]) {
      metrics.http.started('base', method)
      metrics.http.finished({ ...request, handler: 'base', method })
    }
    const all = await samples(metrics)
    assert.equal(all.get('registry_http_requests_total{code="200",handler="base",method="unknown"}'), 6)
  })

  it('know the head of a request about as promhttp does', () => {
    const rawHeaders = ['Host', 'localhost', 'Accept', '*/*']
    assert.equal(headSize({ method: 'GET', url: '/v2/', rawHeaders }), 3 + 4 + 8 + 4 + 9 + 6 + 3)
  })
})

describe('labels', () => {
  it('spell methods as Distribution does', () => {
    assert.equal(methodLabel('GET'), 'get')
    assert.equal(methodLabel('NOTIFY'), 'notify')
    assert.equal(methodLabel('PROPFIND'), 'unknown')
  })

  it('name the handlers of routes as Distribution does', () => {
    assert.equal(handlerOf('uploads'), 'blob_upload')
    assert.equal(handlerOf('upload'), 'blob_upload_chunk')
    assert.equal(handlerOf('manifest'), 'manifest')
    assert.equal(handlerOf('token'), 'token')
    for (const kind of ['root', 'moved', 'unknown', 'constructor', '__proto__'])
      assert.equal(handlerOf(kind), undefined)
  })
})

describe('the metrics of the store', () => {
  it("time actions by driver, with Distribution's buckets", async () => {
    const metrics = createMetrics({ version })
    metrics.storage.observe('filesystem', 'Stat', 0.02)
    metrics.storage.observe('filesystem', 'Stat', 20)
    metrics.storage.observe('filesystem', 'List', 0.001)
    const all = await samples(metrics)
    const labels = 'action="Stat",driver="filesystem"'
    assert.equal(all.get(`registry_storage_action_seconds_count{${labels}}`), 2)
    assert.equal(all.get(`registry_storage_action_seconds_sum{${labels}}`), 20.02)
    const bounds = [...all.keys()].flatMap(
      (key) => /_bucket\{action="Stat".*le="([^"]*)"/.exec(key)?.[1] ?? [],
    )
    assert.deepEqual(bounds, [
      '0.005',
      '0.01',
      '0.025',
      '0.05',
      '0.1',
      '0.25',
      '0.5',
      '1',
      '2.5',
      '5',
      '10',
      '+Inf',
    ])
  })

  it('count what the cache is asked, with the names of both generations', async () => {
    const metrics = createMetrics({ version })
    const { cache } = metrics.storage
    cache.hit()
    cache.hit()
    cache.miss()
    cache.failed()
    const all = await samples(metrics)
    assert.equal(all.get('registry_storage_cache_requests_total'), 4)
    assert.equal(all.get('registry_storage_cache_hits_total'), 2)
    assert.equal(all.get('registry_storage_cache_errors_total'), 1)
    assert.equal(all.get('registry_storage_cache_total{type="Request"}'), 4)
    assert.equal(all.get('registry_storage_cache_total{type="Hit"}'), 2)
    assert.equal(all.get('registry_storage_cache_total{type="Miss"}'), 1)
  })
})

describe('the metrics of who asks', () => {
  it('are there before anything happened, so that the first time is an increase', async () => {
    const all = await samples(createMetrics({ version }))
    const names = [...all.keys()].filter((key) => key.startsWith('berth_au'))
    assert.deepEqual(names, [
      'berth_auth_logins_total{outcome="accepted"}',
      'berth_auth_logins_total{outcome="refused"}',
      'berth_auth_logins_total{outcome="throttled"}',
      'berth_auth_refusals_total{kind="unauthenticated"}',
      'berth_auth_refusals_total{kind="invalid_token"}',
      'berth_auth_refusals_total{kind="insufficient_scope"}',
      'berth_auth_refusals_total{kind="denied"}',
      'berth_auth_refusals_total{kind="immutable"}',
      'berth_auth_refusals_total{kind="throttled"}',
      'berth_audit_lines_lost_total',
    ])
    assert.ok(names.every((name) => all.get(name) === 0))
  })

  it('count logins, refusals, and what the audit log lacks', async () => {
    const metrics = createMetrics({ version })
    metrics.auth.login('refused')
    metrics.auth.login('refused')
    metrics.auth.login('accepted')
    metrics.auth.refused('denied')
    metrics.auth.auditLost(3)
    metrics.auth.auditLost(4)
    const all = await samples(metrics)
    assert.equal(all.get('berth_auth_logins_total{outcome="refused"}'), 2)
    assert.equal(all.get('berth_auth_logins_total{outcome="accepted"}'), 1)
    assert.equal(all.get('berth_auth_logins_total{outcome="throttled"}'), 0)
    assert.equal(all.get('berth_auth_refusals_total{kind="denied"}'), 1)
    assert.equal(all.get('berth_audit_lines_lost_total'), 7)
  })
})

describe('gauges', () => {
  it('ask their sources each time, and forget what is gone', async () => {
    const metrics = createMetrics({ version })
    const hosts = new Map([
      ['a.example.com', 1000],
      ['b.example.com', 2000],
    ])
    let failures: Readonly<Record<string, string>> = {}
    let tls: number | undefined = 5000
    metrics.gauges.acmeExpiry(() => hosts)
    metrics.gauges.health(() => ({ names: ['file', 'toString'], failures }))
    metrics.gauges.tlsExpiry(() => tls)
    metrics.gauges.reload(() => ({ successful: tls !== undefined, lastSuccess: 7500 }))
    const first = await samples(metrics)
    assert.equal(first.get('berth_acme_certificate_expiry_timestamp_seconds{host="a.example.com"}'), 1)
    assert.equal(first.get('berth_acme_certificate_expiry_timestamp_seconds{host="b.example.com"}'), 2)
    assert.equal(first.get('berth_health_check_failing{check="file"}'), 0)
    assert.equal(first.get('berth_health_check_failing{check="toString"}'), 0)
    assert.equal(first.get('berth_tls_certificate_expiry_timestamp_seconds'), 5)
    assert.equal(first.get('berth_config_last_reload_successful'), 1)
    assert.equal(first.get('berth_config_last_reload_success_timestamp_seconds'), 7.5)
    hosts.delete('b.example.com')
    failures = { file: 'file exists' }
    tls = undefined
    const second = await samples(metrics)
    assert.equal(second.has('berth_acme_certificate_expiry_timestamp_seconds{host="b.example.com"}'), false)
    assert.equal(second.get('berth_health_check_failing{check="file"}'), 1)
    assert.equal(second.has('berth_tls_certificate_expiry_timestamp_seconds'), false)
    assert.equal(second.get('berth_config_last_reload_successful'), 0)
  })

  it('may be given another source', async () => {
    const metrics = createMetrics({ version })
    metrics.gauges.tlsExpiry(() => 1000)
    metrics.gauges.tlsExpiry(() => 2000)
    assert.equal((await samples(metrics)).get('berth_tls_certificate_expiry_timestamp_seconds'), 2)
  })

  it('are absent without a source', async () => {
    const all = await samples(createMetrics({ version }))
    const given = ['acme', 'tls', 'config', 'health'].map((part) => `berth_${part}`)
    assert.deepEqual(
      [...all.keys()].filter((key) => given.some((start) => key.startsWith(start))),
      [],
    )
  })
})

describe('the metrics of the process', () => {
  it('say what runs, and how it is', async () => {
    const all = await samples(createMetrics({ version }))
    assert.equal(all.get(`berth_build_info{node="${process.version}",version="1.2.3"}`), 1)
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'process_open_fds',
      'process_max_fds',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
    ])
      assert.ok(all.has(name), name)
  })

  it('are separate for each that is made', async () => {
    const [one, other] = [createMetrics({ version }), createMetrics({ version })]
    one.storage.cache.hit()
    assert.equal((await samples(one)).get('registry_storage_cache_hits_total'), 1)
    assert.equal((await samples(other)).get('registry_storage_cache_hits_total'), 0)
  })
})
