import { errorResponse } from '../http/error-response.ts'
import { ClientGone, type Exchange } from '../http/exchange.ts'
import type { Observer } from '../http/handler.ts'
import type { Route } from '../http/route.ts'
import { RegistryError } from '../registry/errors.ts'
import { Hidden } from '../registry/hidden.ts'
import { refusalOf, refusalReason } from '../registry/refusal.ts'
import type { Logger } from '../util/logger.ts'
import { safeHost, safeUri } from '../util/safe-uri.ts'

/**
 * Writes a line for every answer, with Distribution's messages and field names. What a client did wrong is no error of the
 * registry's, so that such lines are `info`; Distribution's are `error`.
 */
export function responseLog(logger: Logger): Observer {
  return {
    answered(exchange): void {
      const { failure } = exchange
      // The log says once that a check fails, not for each probe that learns of it.
      if (failure instanceof RegistryError && failure.code === 'UNHEALTHY') return
      const status = exchange.status
      const level = status >= 500 ? 'error' : 'info'
      if (!logger.isLevelEnabled(level)) return
      const fields = {
        ...requestFields(exchange),
        ...callerFields(exchange),
        ...variables(exchange.route),
        ...responseFields(exchange),
        ...failureFields(failure),
      }
      logger[level](fields, failure === undefined ? 'response completed' : 'response completed with error')
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

function requestFields(exchange: Exchange): Fields {
  const { method, url = '', headers } = exchange.request
  const { referer, 'user-agent': userAgent, 'content-type': contentType } = headers
  return {
    'http.request.id': exchange.id,
    'http.request.method': method,
    'http.request.host': safeHost(headers.host),
    'http.request.uri': safeUri(url),
    'http.request.remoteaddr': addressOf(exchange),
    ...(exchange.traceId !== undefined && { 'trace.id': exchange.traceId }),
    ...(contentType !== undefined && { 'http.request.contenttype': contentType }),
    ...(referer !== undefined && { 'http.request.referer': safeUri(referer) }),
    ...(userAgent !== undefined && { 'http.request.useragent': userAgent }),
  }
}

/** With Distribution's name. */
function callerFields({ caller }: Exchange): Fields {
  return caller?.name === undefined ? {} : { 'auth.user.name': caller.name }
}

/** With the port where it is the peer's own, as Go has it. */
function addressOf({ claimedClient, remoteAddress, request }: Exchange): string | undefined {
  const { remotePort } = request.socket
  if (claimedClient === undefined || claimedClient !== remoteAddress || remotePort === undefined)
    return claimedClient
  return claimedClient.includes(':') ? `[${claimedClient}]:${remotePort}` : `${claimedClient}:${remotePort}`
}

function responseFields(exchange: Exchange): Fields {
  const { contentType } = exchange
  return {
    'http.response.status': exchange.status,
    'http.response.written': exchange.bytesSent,
    ...(contentType !== undefined && { 'http.response.contenttype': contentType }),
    'http.response.duration': duration(exchange.elapsed),
  }
}

function variables(route: Route | undefined): Fields {
  switch (route?.kind) {
    case 'manifest':
      return {
        'vars.name': route.name,
        'vars.reference': route.reference.kind === 'tag' ? route.reference.tag : route.reference.digest,
      }
    case 'blob':
    case 'referrers':
      return { 'vars.name': route.name, 'vars.digest': route.digest }
    case 'upload':
      return { 'vars.name': route.name, 'vars.uuid': route.id }
    case 'uploads':
    case 'tags':
      return { 'vars.name': route.name }
    default:
      return {}
  }
}

function failureFields(failure: unknown): Fields {
  if (failure === undefined) return {}
  if (failure instanceof ClientGone) return { 'err.message': 'the client went away' }
  const { errors } = errorResponse(failure)
  const [first] = errors
  return {
    'err.code': first?.code.toLowerCase().replaceAll('_', ' '),
    'err.message': first?.message,
    ...(first?.detail !== undefined && { 'err.detail': first.detail }),
    ...causeFields(failure),
  }
}

/** Why somebody was refused stands beside what he was told; what else went wrong, in its place. */
function causeFields(failure: unknown): Fields {
  if (refusalOf(failure) !== undefined) {
    const reason = failure instanceof Hidden ? 'denied' : refusalReason(failure)
    return reason === undefined ? {} : { 'err.cause': reason }
  }
  return failure instanceof RegistryError && failure.cause !== undefined ? { err: failure.cause } : {}
}

/** As Go prints a duration. */
function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${round(milliseconds / 1000)}s`
  return milliseconds >= 1 ? `${round(milliseconds)}ms` : `${round(milliseconds * 1000)}µs`
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
