import type { Observer } from '../http/handler.ts'
import type { AccessLog } from '../util/access-log.ts'
import { safeUri } from '../util/safe-uri.ts'

/** Writes a line of the access log for every answer. */
export function accessLogger(accessLog: AccessLog): Observer {
  return {
    answered(exchange): void {
      const { request, caller, startedAt, remoteAddress, bytesSent, status } = exchange
      accessLog.line({
        remoteAddress: remoteAddress ?? '-',
        user: caller?.name,
        time: startedAt,
        method: request.method ?? '-',
        uri: safeUri(request.url ?? '-'),
        protocol: `HTTP/${request.httpVersion}`,
        status,
        bytes: bytesSent,
        referer: request.headers.referer === undefined ? undefined : safeUri(request.headers.referer),
        userAgent: request.headers['user-agent'],
      })
    },
  }
}
