import type { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import {
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Tracer,
} from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import type { RequestSpan, TracedAnswer, TracedRequest } from './tracing.ts'

export interface SpanParts {
  readonly tracer: Tracer
  readonly contexts: AsyncLocalStorage<Context>
  readonly root: Context
}

const propagator = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
})

const getter = {
  get: (headers: IncomingHttpHeaders, name: string): string | string[] | undefined => headers[name],
  keys: (headers: IncomingHttpHeaders): string[] => Object.keys(headers),
}

/**
 * Begins the span of a request, named as Distribution names it, with the attributes of
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/.
 */
export function startRequestSpan(
  { tracer, contexts, root }: SpanParts,
  headers: IncomingHttpHeaders,
  request: TracedRequest,
): RequestSpan {
  const parent = propagator.extract(root, headers, getter)
  const span = tracer.startSpan(
    `${request.method} ${request.path}`,
    {
      kind: SpanKind.SERVER,
      attributes: requestAttributes(headers, request),
      ...(request.startedAt !== undefined && { startTime: request.startedAt }),
    },
    parent,
  )
  const context = trace.setSpan(parent, span)
  return {
    traceId: span.spanContext().traceId,
    run: (work) => contexts.run(context, work),
    end(answer): void {
      if (span.isRecording()) {
        span.setAttributes(answerAttributes(answer))
        if (isFailed(answer)) span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
}

function requestAttributes(headers: IncomingHttpHeaders, request: TracedRequest): Attributes {
  const host = headers.host ?? headers[':authority']?.toString()
  return {
    'http.request.method': request.method,
    'url.path': request.path,
    'url.scheme': request.scheme ?? 'http',
    ...(host !== undefined && hostAttributes(host)),
    ...(request.protocolVersion !== undefined && {
      'network.protocol.version': request.protocolVersion.replace('2.0', '2'),
    }),
    ...(request.clientAddress !== undefined && { 'client.address': request.clientAddress }),
    ...(request.peerAddress !== undefined && { 'network.peer.address': request.peerAddress }),
    ...(headers['user-agent'] !== undefined && { 'user_agent.original': headers['user-agent'] }),
  }
}

function hostAttributes(host: string): Attributes {
  const [, name = host, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(host) ?? []
  return {
    'server.address': name.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== undefined && { 'server.port': Number(port) }),
  }
}

function answerAttributes(answer: TracedAnswer): Attributes {
  const { status, route, received, sent, error } = answer
  return {
    'http.response.status_code': status,
    ...(route !== undefined && { 'http.route': route }),
    ...(received !== undefined && { 'http.request.body.size': received }),
    ...(sent !== undefined && { 'http.response.body.size': sent }),
    ...(isFailed(answer) && { 'error.type': errorType(error) ?? String(status) }),
  }
}

/** Whether the server failed: neither is a client's mistake its error, nor that a client goes away. */
function isFailed({ status, error }: TracedAnswer): boolean {
  if (status >= 500) return true
  // Broken off after it had begun well.
  return status < 400 && error !== undefined && !clientGone.has(errorType(error) ?? '')
}

const clientGone: ReadonlySet<string> = new Set(['CLIENT_GONE', 'CLIENT_CLOSED'])

/** A word of few, for people count by it: the code of an error, else its class. */
export function errorType(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
