import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'
import { grpcCollector, httpCollector, type Collector } from './collector.ts'
import type { CollectedSpan } from './otlp.ts'

const remote = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' }
const traceparent = `00-${remote.trace}-${remote.span}-01`

const blob = Buffer.from('a blob of a traced registry')
const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`

describe('a traced registry', () => {
  it('sends protobuf over HTTP by default, to the endpoint that is named', async (t) => {
    const collector = await httpCollector(t)
    const registry = await traced(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` })
    await checkTraces(registry, collector)
    const [request] = collector.requests
    assert.equal(request?.path, '/v1/traces')
    assert.equal(request.headers['content-type'], 'application/x-protobuf')
  })

  it('sends JSON, with headers and compressed', async (t) => {
    const collector = await httpCollector(t)
    const registry = await traced(t, {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${collector.port}/collect`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    })
    await checkTraces(registry, collector)
    const [request] = collector.requests
    assert.equal(request?.path, '/collect')
    assert.equal(request.headers['content-type'], 'application/json')
    assert.equal(request.headers['content-encoding'], 'gzip')
    assert.equal(request.headers['x-tenant'], 'a b')
  })

  it('sends over gRPC', async (t) => {
    const collector = await grpcCollector(t)
    const registry = await traced(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })
    await checkTraces(registry, collector)
    const [request] = collector.requests
    assert.equal(request?.path, '/opentelemetry.proto.collector.trace.v1.TraceService/Export')
    assert.equal(request.headers['x-tenant'], 'a')
  })

  it('sends over TLS to a collector of a private authority', async (t) => {
    const issued = await makeCertificate(temporaryFolder(t).path, { name: 'collector' })
    const collector = await httpCollector(t, {
      key: readFileSync(issued.key, 'utf8'),
      cert: readFileSync(issued.certificate, 'utf8'),
    })
    const registry = await traced(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${collector.port}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: issued.certificate,
    })
    await http('GET', `${registry.url}/v2/`)
    await collector.until(({ name }) => name === 'GET /v2/')
  })

  it('leaves out what the caller of a request, or the sampler, does not want', async (t) => {
    const collector = await httpCollector(t)
    const registry = await traced(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` })
    await http('GET', `${registry.url}/v2/unsampled/tags/list`, {
      headers: { traceparent: traceparent.replace(/01$/, '00') },
    })
    await http('GET', `${registry.url}/v2/sampled/tags/list`, { headers: { traceparent: 'nonsense' } })
    const [span] = await collector.until(({ name }) => name === 'GET /v2/sampled/tags/list')
    assert.notEqual(span?.traceId, remote.trace)
    assert.equal(span?.parentSpanId, '')
    await registry.stop()
    assert.ok(collector.spans.every(({ traceId }) => traceId !== remote.trace))

    const off = await traced(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
      OTEL_TRACES_SAMPLER: 'always_off',
    })
    const before = collector.spans.length
    await http('GET', `${off.url}/v2/`, { headers: { traceparent } })
    await off.stop()
    assert.equal(collector.spans.length, before)
  })

  it('sends the last spans when it stops', async (t) => {
    const collector = await httpCollector(t)
    const registry = await traced(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    })
    await http('GET', `${registry.url}/v2/last/tags/list`)
    assert.equal(collector.spans.length, 0)
    await registry.stop()
    assert.equal(collector.spans.filter(({ name }) => name === 'GET /v2/last/tags/list').length, 1)
  })

  it('writes spans to standard output, one a line', async (t) => {
    const registry = await traced(t, { OTEL_TRACES_EXPORTER: 'console', OTEL_BSP_SCHEDULE_DELAY: '600000' })
    await http('GET', `${registry.url}/v2/a/tags/list?token=hunter2`, { headers: { traceparent } })
    await registry.stop()
    const line = registry.output().match(/^\{"traceId".*"GET \/v2\/a\/tags\/list".*$/m)?.[0] ?? '{}'
    const span = JSON.parse(line) as Record<string, unknown>
    assert.equal(span['traceId'], remote.trace)
    assert.equal(span['kind'], 'SERVER')
    assert.doesNotMatch(registry.output(), /hunter2/)
  })

  it('starts with bad values, and says so once each', async (t) => {
    const registry = await traced(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'no URL',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'udp',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem',
      OTEL_TRACES_SAMPLER: 'some',
    })
    assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
    const output = registry.output()
    assert.match(output, /level=warning msg="traces: bad value passed over".*OTEL_EXPORTER_OTLP_PROTOCOL/)
    assert.match(output, /level=warning msg="traces: bad value passed over".*OTEL_TRACES_SAMPLER/)
    assert.match(output, /level=warning msg="traces: problem"/)
  })
})

describe('a collector that is away', () => {
  for (const [what, listen] of [
    ['refuses connections', freePort],
    ['never answers', silentPort],
  ] as const) {
    it(`which ${what}: slows no request, and is warned of once a minute at most`, async (t) => {
      const registry = await traced(t, {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listen(t)}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_BSP_MAX_QUEUE_SIZE: '64',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '8',
      })
      const durations: number[] = []
      for (const started = Date.now(); Date.now() - started < 3000;) {
        const at = performance.now()
        assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
        durations.push(performance.now() - at)
      }
      const median = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0
      assert.ok(median < 50, `${median} ms`)
      assert.equal(registry.output().match(/traces: problem/g)?.length, 1, registry.output())
      const stopped = Date.now()
      await registry.stop()
      assert.ok(Date.now() - stopped < 6000)
    })
  }
})

async function traced(test: TestContext, env: NodeJS.ProcessEnv): Promise<RunningRegistry> {
  return await startRegistry(
    { kind: 'berth', env: { OTEL_TRACES_EXPORTER: undefined, OTEL_BSP_SCHEDULE_DELAY: '100', ...env } },
    test,
  )
}

/** A port where connections are taken, and nothing else happens. */
async function silentPort(test: TestContext): Promise<number> {
  const port = await freePort()
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  test.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return port
}

/** Pushes and pulls a blob, and looks at what is told of it. */
async function checkTraces({ url, port }: RunningRegistry, collector: Collector): Promise<void> {
  const path = `/v2/traced/image/blobs/uploads/`
  const pushed = await http('POST', `${url}${path}?digest=${digest}&token=hunter2`, {
    body: blob,
    headers: { 'Content-Type': 'application/octet-stream', Authorization: 'Bearer hunter2' },
  })
  assert.equal(pushed.status, 201)
  const headers = { traceparent, tracestate: 'a=b', 'User-Agent': 'puller/1.0', baggage: 'a=hunter2' }
  const pulled = await http('GET', `${url}/v2/traced/image/blobs/${digest}?token=hunter2`, { headers })
  assert.equal(pulled.status, 200)
  await http('GET', `${url}/v2/traced/image/manifests/none`)

  const [push] = await collector.until(({ name }) => name === `POST ${path}`)
  const [pull] = await collector.until(({ traceId, kind }) => traceId === remote.trace && kind === 2)
  const [missed] = await collector.until(({ name }) => name === 'GET /v2/traced/image/manifests/none')
  assert.ok(push && pull && missed)
  assert.equal(push.parentSpanId, '')
  assert.equal(push.attributes['http.request.body.size'], blob.length)
  assert.equal(push.attributes['http.response.status_code'], 201)
  assert.equal(missed.attributes['http.response.status_code'], 404)
  assert.deepEqual([missed.status, missed.attributes['error.type']], [0, undefined])

  assert.equal(pull.name, `GET /v2/traced/image/blobs/${digest}`)
  assert.equal(pull.parentSpanId, remote.span)
  const { 'client.address': client, 'network.peer.address': peer, ...attributes } = pull.attributes
  assert.match(String(client), /^127\.0\.0\.1/)
  assert.equal(peer, '127.0.0.1')
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'url.path': `/v2/traced/image/blobs/${digest}`,
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': port,
    'network.protocol.version': '1.1',
    'user_agent.original': 'puller/1.0',
    'http.response.status_code': 200,
    'http.route': '/v2/{name}/blobs/{digest}',
    'http.request.body.size': 0,
    'http.response.body.size': blob.length,
  })
  checkStorageSpans(push, collector.spans)

  const { resource } = pull
  assert.equal(resource['service.name'], 'distribution')
  assert.match(String(resource['service.version']), /^\d/)
  assert.equal(resource['telemetry.sdk.language'], 'nodejs')
  assert.doesNotMatch(inspect(collector.spans, { depth: 9 }), /hunter2/)
}

/** What a push does in the store lies within it, in time and in the trace. */
function checkStorageSpans(push: CollectedSpan, spans: readonly CollectedSpan[]): void {
  const stored = spans.filter(({ parentSpanId }) => parentSpanId === push.spanId)
  const names = new Set(stored.map(({ name }) => name))
  assert.ok(names.has('Writer') && names.has('PutContent'), [...names].join(' '))
  for (const { traceId, kind, start, end, attributes } of stored) {
    assert.equal(traceId, push.traceId)
    assert.equal(kind, 1)
    assert.ok(push.start <= start && start <= end)
    assert.equal(attributes['io.cncf.distribution.storage.driver.name'], 'filesystem')
  }
  const writer = stored.find(({ name }) => name === 'Writer')
  assert.match(
    String(writer?.attributes['io.cncf.distribution.storage.path']),
    /^\/docker\/registry\/v2\/blobs\//,
  )
  assert.equal(writer?.attributes['io.cncf.distribution.storage.content.length'], blob.length)
}
