import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { consoleExporter } from './console-exporter.ts'
import type { ExporterName, Protocol } from './settings.ts'

/** Each protocol brings libraries of its own, gRPC many: only the one that is used is loaded. */
export async function createExporter(name: ExporterName, protocol: Protocol): Promise<SpanExporter> {
  if (name === 'console') return consoleExporter((line) => process.stdout.write(line))
  const { OTLPTraceExporter } = await loaders[protocol]()
  return new OTLPTraceExporter()
}

const loaders = {
  grpc: () => import('@opentelemetry/exporter-trace-otlp-grpc'),
  'http/json': () => import('@opentelemetry/exporter-trace-otlp-http'),
  'http/protobuf': () => import('@opentelemetry/exporter-trace-otlp-proto'),
} satisfies Readonly<Record<Protocol, () => Promise<unknown>>>
