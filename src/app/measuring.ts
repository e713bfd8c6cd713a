import type { Exchange } from '../http/exchange.ts'
import type { Observer } from '../http/handler.ts'
import { handlerOf } from '../metrics/handler-name.ts'
import { headSize } from '../metrics/head-size.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { refusalOf } from '../registry/refusal.ts'

/** Counts requests. */
export function measuring({ http, auth }: Metrics): Observer {
  return {
    routed: (exchange) => http.started(nameOf(exchange), exchange.request.method ?? ''),
    answered: (exchange) => {
      const refusal = refusalOf(exchange.failure)
      if (refusal !== undefined) auth.refused(refusal)
      http.finished({
        handler: nameOf(exchange),
        method: exchange.request.method ?? '',
        code: exchange.status,
        seconds: exchange.elapsed / 1000,
        headBytes: headSize(exchange.request),
        requestBytes: exchange.body.bytesRead,
        responseBytes: exchange.bytesSent,
      })
    },
  }
}

function nameOf({ route }: Exchange): ReturnType<typeof handlerOf> {
  return route === undefined ? undefined : handlerOf(route.kind)
}
