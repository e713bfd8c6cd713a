import type { Exchange } from '../http/exchange.ts'
import type { Observer } from '../http/handler.ts'
import type { RouteKind } from '../http/route.ts'
import type { RequestSpan, Tracing } from '../tracing/tracing.ts'

/** The patterns of paths, as traces group by them. */
const patterns: Readonly<Partial<Record<RouteKind, string>>> = {
  base: '/v2/',
  catalog: '/v2/_catalog',
  tags: '/v2/{name}/tags/list',
  manifest: '/v2/{name}/manifests/{reference}',
  blob: '/v2/{name}/blobs/{digest}',
  uploads: '/v2/{name}/blobs/uploads/',
  upload: '/v2/{name}/blobs/uploads/{uuid}',
  referrers: '/v2/{name}/referrers/{digest}',
}

/** Makes a span of every request. */
export function traced(tracing: Tracing): Observer {
  const spans = new WeakMap<Exchange, RequestSpan>()
  return {
    within(exchange, work) {
      const { request, rawPath, startedAt, claimedClient, remoteAddress } = exchange
      const span = tracing.startRequest(request.headers, {
        method: request.method ?? '',
        path: rawPath,
        startedAt,
        scheme: 'encrypted' in request.socket ? 'https' : 'http',
        protocolVersion: request.httpVersion,
        clientAddress: claimedClient,
        peerAddress: remoteAddress,
      })
      spans.set(exchange, span)
      exchange.traceId = span.traceId
      return span.run(work)
    },
    answered(exchange) {
      const { route, status, failure, body, bytesSent } = exchange
      spans.get(exchange)?.end({
        status,
        route: route && patterns[route.kind],
        received: body.bytesRead,
        sent: bytesSent,
        error: failure,
      })
    },
  }
}
