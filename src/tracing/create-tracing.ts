import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT_CONTEXT, type Context } from '@opentelemetry/api'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace'
import type { Log } from '../registry/context.ts'
import { createExporter } from './exporters.ts'
import { reportProblems } from './problems.ts'
import { startRequestSpan } from './request-span.ts'
import type { SamplerSettings, TracingSettings } from './settings.ts'
import { tracedDriver } from './traced-driver.ts'
import type { Tracing } from './tracing.ts'

/** Only loaded when traces are asked for: it brings OpenTelemetry along. */
export async function createTracing(
  settings: TracingSettings,
  { version, log }: { readonly version: string; readonly log: Log },
): Promise<Tracing> {
  reportProblems(log)
  const exporters = await Promise.all(
    settings.exporters.map((name) => createExporter(name, settings.protocol)),
  )
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.version': version, ...settings.resource }),
    ),
    sampler: createSampler(settings.sampler),
    spanProcessors: exporters.map((exporter) => new BatchSpanProcessor({ exporter, ...settings.batch })),
    ...(settings.spanAttributeLength !== undefined && {
      spanLimits: { attributeValueLengthLimit: settings.spanAttributeLength },
    }),
  })
  const tracer = provider.getTracer('berth', version)
  // Ours rather than OpenTelemetry's global one: nothing else in the process looks for it.
  const contexts = new AsyncLocalStorage<Context>()
  log.info(
    { exporters: settings.exporters.join(','), service: settings.resource['service.name'] },
    'traces on',
  )
  return {
    startRequest: (headers, request) =>
      startRequestSpan({ tracer, contexts, root: ROOT_CONTEXT }, headers, request),
    tracedDriver: (driver) => tracedDriver(driver, tracer, () => contexts.getStore()),
    async stop(milliseconds): Promise<void> {
      const deadline = new AbortController()
      const expired = sleep(milliseconds, 'expired', { signal: deadline.signal }).catch(() => undefined)
      const flushed = provider.shutdown().catch((error: unknown) => {
        log.warn({ err: error }, 'traces: the last ones were not exported')
      })
      if ((await Promise.race([flushed, expired])) === 'expired') {
        log.warn({}, 'traces: the last ones were not exported in time')
      }
      deadline.abort()
    },
  }
}

function createSampler({ kind, ratio, parentBased }: SamplerSettings): Sampler {
  const root =
    kind === 'always_on'
      ? new AlwaysOnSampler()
      : kind === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio)
  return parentBased ? new ParentBasedSampler({ root }) : root
}
