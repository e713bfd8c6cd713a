import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tracingSettings } from './settings.ts'

type Environment = Readonly<Record<string, string>>

describe('traces are asked for', () => {
  const cases: readonly (readonly [Environment, readonly string[]])[] = [
    [{}, []],
    [{ OTEL_SERVICE_NAME: 'x', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, []],
    [{ OTEL_TRACES_EXPORTER: 'none' }, []],
    [{ OTEL_TRACES_EXPORTER: '' }, []],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, ['otlp']],
    [{ OTEL_TRACES_EXPORTER: 'console, OTLP,otlp' }, ['console', 'otlp']],
    [{ OTEL_TRACES_EXPORTER: 'otlp,none' }, []],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, ['otlp']],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' }, ['otlp']],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, []],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, []],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'console' }, ['console']],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'TRUE' }, []],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'no' }, ['otlp']],
  ]
  for (const [env, exporters] of cases) {
    it(`${JSON.stringify(env)}: ${exporters.join(' and ') || 'no'}`, () => {
      const settings = tracingSettings(env)
      assert.deepEqual(settings.exporters, exporters)
      assert.deepEqual(settings.problems, [])
    })
  }
})

describe('what the variables say', () => {
  it('has the defaults of the specification, and the name of Distribution', () => {
    const { protocol, sampler, batch, resource, spanAttributeLength } = tracingSettings({})
    assert.equal(protocol, 'http/protobuf')
    assert.deepEqual(sampler, { kind: 'always_on', parentBased: true, ratio: 1 })
    assert.deepEqual(batch, {
      maxQueueSize: 2048,
      maxExportBatchSize: 512,
      scheduledDelayMillis: 5000,
      exportTimeoutMillis: 30_000,
    })
    assert.deepEqual(resource, { 'service.name': 'distribution' })
    assert.equal(spanAttributeLength, undefined)
  })

  it('is read', () => {
    const settings = tracingSettings({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: ' gRPC ',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_MAX_QUEUE_SIZE: '10',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
      OTEL_BSP_SCHEDULE_DELAY: '0',
      OTEL_BSP_EXPORT_TIMEOUT: '100',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=a, deployment.environment=pro%20d,x=,',
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '100',
    })
    assert.equal(settings.protocol, 'grpc')
    assert.deepEqual(settings.sampler, { kind: 'traceidratio', parentBased: false, ratio: 0.25 })
    assert.deepEqual(Object.values(settings.batch), [10, 5, 0, 100])
    assert.deepEqual(settings.resource, { 'service.name': 'a', 'deployment.environment': 'pro d', x: '' })
    assert.equal(settings.spanAttributeLength, 100)
    assert.deepEqual(settings.problems, [])
  })

  it('names the service by OTEL_SERVICE_NAME before all', () => {
    const { resource } = tracingSettings({
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=a',
      OTEL_SERVICE_NAME: 'b',
    })
    assert.equal(resource['service.name'], 'b')
  })

  for (const [name, kind, parentBased] of [
    ['always_off', 'always_off', false],
    ['parentbased_always_off', 'always_off', true],
    ['parentbased_traceidratio', 'traceidratio', true],
  ] as const) {
    it(`knows the sampler ${name}`, () => {
      const { sampler } = tracingSettings({ OTEL_TRACES_SAMPLER: name })
      assert.deepEqual(sampler, { kind, parentBased, ratio: 1 })
    })
  }

  it('is passed over where it is wrong, with a word for each', () => {
    const settings = tracingSettings({
      OTEL_TRACES_EXPORTER: 'otlp,jaeger',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'udp',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '2',
      OTEL_BSP_MAX_QUEUE_SIZE: '0',
      OTEL_BSP_SCHEDULE_DELAY: '-1',
      OTEL_RESOURCE_ATTRIBUTES: 'a=1,b',
    })
    assert.deepEqual(settings.exporters, ['otlp'])
    assert.equal(settings.protocol, 'http/protobuf')
    assert.equal(settings.sampler.ratio, 1)
    assert.equal(settings.batch.maxQueueSize, 2048)
    assert.equal(settings.batch.scheduledDelayMillis, 5000)
    assert.deepEqual(settings.resource, { 'service.name': 'distribution' })
    assert.deepEqual(settings.problems, [
      'OTEL_TRACES_EXPORTER: "jaeger": must be otlp, console or none',
      'OTEL_EXPORTER_OTLP_PROTOCOL: "udp": must be grpc, http/protobuf, http/json',
      'OTEL_TRACES_SAMPLER_ARG: "2": must be a number from 0 to 1',
      'OTEL_BSP_MAX_QUEUE_SIZE: "0": must be a whole number of 1 or more',
      'OTEL_BSP_SCHEDULE_DELAY: "-1": must be a whole number of 0 or more',
      'OTEL_RESOURCE_ATTRIBUTES: must be key=value,key=value, percent-encoded',
    ])
  })
})
