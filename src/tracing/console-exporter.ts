import { ExportResultCode, hrTimeToMicroseconds, hrTimeToTimeStamp } from '@opentelemetry/core'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

/** Writes spans for people to read, one line of JSON each: the library's own takes twenty. */
export function consoleExporter(write: (line: string) => unknown): SpanExporter {
  return {
    export(spans, done): void {
      write(spans.map((span) => `${JSON.stringify(shown(span))}\n`).join(''))
      done({ code: ExportResultCode.SUCCESS })
    },
    shutdown: () => Promise.resolve(),
    forceFlush: () => Promise.resolve(),
  }
}

function shown(span: ReadableSpan): object {
  const { traceId, spanId } = span.spanContext()
  return {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: SpanKind[span.kind],
    start: hrTimeToTimeStamp(span.startTime),
    microseconds: Math.round(hrTimeToMicroseconds(span.duration)),
    status: SpanStatusCode[span.status.code],
    attributes: span.attributes,
  }
}
