import { Counter, exponentialBuckets, Gauge, Histogram, type Registry } from 'prom-client'
import { handlerNames, type HandlerName } from './handler-name.ts'
import { methodLabel } from './method-label.ts'

/** One request that was answered, or given up. */
export interface FinishedRequest {
  /** Undefined for requests that reached no handler: `/`, unknown paths, what the health gate refused. */
  readonly handler: HandlerName | undefined
  /** As it was given to `started`. */
  readonly method: string
  readonly code: number
  /** From the request's head to the end of the answer. */
  readonly seconds: number
  /** Bytes of the request's head; see `headSize`. Distribution counts them to the request's size. */
  readonly headBytes?: number
  /** Bytes of the request's body that were read. */
  readonly requestBytes: number
  /** Bytes of the answer's body. */
  readonly responseBytes: number
}

export interface HttpMetrics {
  /** A request of a handler begins; `finished` must follow. */
  started(handler: HandlerName | undefined, method: string): void
  finished(request: FinishedRequest): void
}

/** Seconds; Distribution's. */
const durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60]

/** Bytes: 1 KiB to 2 GiB, as Distribution's. */
const sizes = exponentialBuckets(1024, 2, 22)

/** The metrics of requests, with the names, labels and buckets of Distribution. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry]
  const inFlight = new Gauge({
    name: 'registry_http_in_flight_requests',
    help: 'Requests that are being answered.',
    labelNames: ['handler'],
    registers,
  })
  const total = new Counter({
    name: 'registry_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['handler', 'method', 'code'],
    registers,
  })
  const duration = new Histogram({
    name: 'registry_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['handler', 'method'],
    buckets: durations,
    registers,
  })
  const requestSize = new Histogram({
    name: 'registry_http_request_size_bytes',
    help: 'Sizes of requests, with their headers.',
    labelNames: ['handler'],
    buckets: sizes,
    registers,
  })
  const responseSize = new Histogram({
    name: 'registry_http_response_size_bytes',
    help: 'Sizes of the bodies of answers.',
    labelNames: ['handler'],
    buckets: sizes,
    registers,
  })
  const uploads = new Gauge({
    name: 'berth_uploads_in_flight',
    help: 'Requests that are bringing bytes of a blob.',
    registers,
  })
  const received = new Counter({
    name: 'berth_http_request_body_bytes_total',
    help: 'Bytes of the bodies of requests that were read.',
    registers,
  })
  const sent = new Counter({
    name: 'berth_http_response_body_bytes_total',
    help: 'Bytes of the bodies of answers that were sent.',
    registers,
  })
  const unrouted = new Counter({
    name: 'berth_http_unrouted_requests_total',
    help: 'Requests that reached no handler: the root, unknown paths, and all while a health check fails.',
    labelNames: ['code'],
    registers,
  })

  const forHandler = new Map(
    handlerNames.map((handler) => {
      const gauge = inFlight.labels(handler)
      gauge.set(0)
      return [
        handler,
        { gauge, requestSize: requestSize.labels(handler), responseSize: responseSize.labels(handler) },
      ]
    }),
  )
  const durationOf = remembered((handler: HandlerName, method: string) => duration.labels(handler, method))
  const totalOf = remembered((handler: HandlerName, methodAndCode: string) => {
    const [method = '', code = ''] = methodAndCode.split(' ')
    return total.labels(handler, method, code)
  })

  return {
    started(handler, method) {
      if (handler === undefined) return
      forHandler.get(handler)?.gauge.inc()
      if (bringsBlob(handler, method)) uploads.inc()
    },
    finished({ handler, method, code, seconds, headBytes = 0, requestBytes, responseBytes }) {
      if (requestBytes > 0) received.inc(requestBytes)
      if (responseBytes > 0) sent.inc(responseBytes)
      if (handler === undefined) {
        unrouted.inc({ code })
        return
      }
      const label = methodLabel(method)
      const series = forHandler.get(handler)
      series?.gauge.dec()
      series?.requestSize.observe(headBytes + requestBytes)
      series?.responseSize.observe(responseBytes)
      totalOf(handler, `${label} ${code}`).inc()
      durationOf(handler, label).observe(seconds)
      if (bringsBlob(handler, method)) uploads.dec()
    },
  }
}

function bringsBlob(handler: HandlerName, method: string): boolean {
  return (
    (handler === 'blob_upload_chunk' && (method === 'PATCH' || method === 'PUT')) ||
    (handler === 'blob_upload' && method === 'POST')
  )
}

/** Keeps what `make` gave for each pair: prom-client's own lookup by labels costs more than the rest. */
function remembered<Value>(
  make: (handler: HandlerName, key: string) => Value,
): (handler: HandlerName, key: string) => Value {
  const handlers = new Map<HandlerName, Map<string, Value>>(handlerNames.map((name) => [name, new Map()]))
  return (handler, key) => {
    const values = handlers.get(handler)
    let value = values?.get(key)
    if (value === undefined) {
      value = make(handler, key)
      values?.set(key, value)
    }
    return value
  }
}
