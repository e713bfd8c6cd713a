/** What the variables `OTEL_*` ask for. Those of OTLP itself (endpoint, headers, …) are read by its exporters. */
export interface TracingSettings {
  /** Empty: no traces. */
  readonly exporters: readonly ExporterName[]
  readonly protocol: Protocol
  readonly sampler: SamplerSettings
  readonly batch: BatchSettings
  /** Attributes of the process, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>
  readonly spanAttributeLength: number | undefined
  /** One line for each value that was passed over. */
  readonly problems: readonly string[]
}

export type ExporterName = 'otlp' | 'console'
export type Protocol = 'grpc' | 'http/protobuf' | 'http/json'

const protocols: readonly Protocol[] = ['grpc', 'http/protobuf', 'http/json']

export interface SamplerSettings {
  readonly kind: 'always_on' | 'always_off' | 'traceidratio'
  /** Of all traces; 0 to 1. */
  readonly ratio: number
  /** Whether the decision of whoever began a trace counts. */
  readonly parentBased: boolean
}

/** Spans, and milliseconds. */
export interface BatchSettings {
  readonly maxQueueSize: number
  readonly maxExportBatchSize: number
  readonly scheduledDelayMillis: number
  readonly exportTimeoutMillis: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables of https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ that concern
 * traces. A bad value is passed over, as the specification wants, and told in `problems`.
 */
export function tracingSettings(env: Environment): TracingSettings {
  const problems: string[] = []
  const reader = new Reader(env, problems)
  return {
    exporters: exportersOf(reader),
    protocol: protocolOf(reader),
    sampler: samplerOf(reader),
    batch: batchOf(reader),
    resource: resourceOf(reader),
    spanAttributeLength:
      reader.integer('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 0) ??
      reader.integer('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', 0),
    problems,
  }
}

/**
 * Distribution 3 exports to a collector on this machine unless told not to. Here somebody has to name an exporter or an
 * endpoint.
 */
function exportersOf(reader: Reader): readonly ExporterName[] {
  if (reader.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return []
  const hasEndpoint =
    reader.text('OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined ||
    reader.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') !== undefined
  const named = reader.text('OTEL_TRACES_EXPORTER')
  if (named === undefined) return hasEndpoint ? ['otlp'] : []
  const names = named.split(',').map((name) => name.trim().toLowerCase())
  const exporters = new Set<ExporterName>()
  for (const name of names) {
    if (name === 'otlp' || name === 'console') exporters.add(name)
    else if (name !== 'none' && name !== '')
      reader.refuse('OTEL_TRACES_EXPORTER', name, 'otlp, console or none')
  }
  return names.includes('none') ? [] : [...exporters]
}

function protocolOf(reader: Reader): Protocol {
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const protocol = reader.oneOf(name, protocols)
    if (protocol !== undefined) return protocol
  }
  return 'http/protobuf'
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

function samplerOf(reader: Reader): SamplerSettings {
  const name = reader.oneOf('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on'
  const parentBased = name.startsWith('parentbased_')
  const kind = name.replace('parentbased_', '') as SamplerSettings['kind']
  return { kind, parentBased, ratio: kind === 'traceidratio' ? ratioOf(reader) : 1 }
}

function ratioOf(reader: Reader): number {
  const text = reader.text('OTEL_TRACES_SAMPLER_ARG')
  if (text === undefined) return 1
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return ratio
  reader.refuse('OTEL_TRACES_SAMPLER_ARG', text, 'a number from 0 to 1')
  return 1
}

function batchOf(reader: Reader): BatchSettings {
  return {
    maxQueueSize: reader.integer('OTEL_BSP_MAX_QUEUE_SIZE', 1) ?? 2048,
    maxExportBatchSize: reader.integer('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1) ?? 512,
    scheduledDelayMillis: reader.integer('OTEL_BSP_SCHEDULE_DELAY', 0) ?? 5000,
    exportTimeoutMillis: reader.integer('OTEL_BSP_EXPORT_TIMEOUT', 1) ?? 30_000,
  }
}

function resourceOf(reader: Reader): Readonly<Record<string, string>> {
  const name = reader.text('OTEL_SERVICE_NAME')
  return {
    // As Distribution calls itself, so that dashboards find it.
    'service.name': 'distribution',
    ...resourceAttributes(reader),
    ...(name !== undefined && { 'service.name': name }),
  }
}

/** `key=value,key=value`, percent-encoded. All are passed over when one is wrong, as the specification wants. */
function resourceAttributes(reader: Reader): Readonly<Record<string, string>> {
  const text = reader.text('OTEL_RESOURCE_ATTRIBUTES')
  if (text === undefined) return {}
  try {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '')
    return Object.fromEntries(pairs.map(resourceAttribute))
  } catch {
    reader.refuse('OTEL_RESOURCE_ATTRIBUTES', undefined, 'key=value,key=value, percent-encoded')
    return {}
  }
}

function resourceAttribute(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=')
  const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1)].map((part) =>
    decodeURIComponent(part.trim()),
  )
  if (equals < 0 || key === undefined || key === '' || value === undefined) throw new Error('no key')
  return [key, value]
}

class Reader {
  readonly #env: Environment
  readonly #problems: string[]

  constructor(env: Environment, problems: string[]) {
    this.#env = env
    this.#problems = problems
  }

  /** An empty variable counts as absent. */
  text(name: string): string | undefined {
    const value = this.#env[name]?.trim()
    return value === '' ? undefined : value
  }

  oneOf<Value extends string>(name: string, allowed: readonly Value[]): Value | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = allowed.find((one) => one === text.toLowerCase())
    if (value === undefined) this.refuse(name, text, allowed.join(', '))
    return value
  }

  integer(name: string, least: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least) return value
    this.refuse(name, text, `a whole number of ${least} or more`)
    return undefined
  }

  refuse(name: string, found: string | undefined, allowed: string): void {
    this.#problems.push(
      `${name}${found === undefined ? '' : `: ${JSON.stringify(found)}`}: must be ${allowed}`,
    )
  }
}
