import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gate } from '../auth/gate.ts'
import type { Log } from '../registry/context.ts'
import { RegistryError, RegistryErrors } from '../registry/errors.ts'
import type { Registry } from '../registry/registry.ts'
import { Unauthorized } from '../registry/unauthorized.ts'
import { StreamBuffers } from '../util/stream-buffers.ts'
import { authorize, sendChallenge } from './authorization.ts'
import { answerBase, answerRoot } from './base.ts'
import { deleteBlob, getBlob, headBlob } from './blobs.ts'
import { getCatalog } from './catalog.ts'
import { errorResponse } from './error-response.ts'
import { ClientGone, Exchange } from './exchange.ts'
import { ForwardedHeaders } from './forwarded.ts'
import { Locations } from './locations.ts'
import { deleteManifest, getManifest, putManifest } from './manifests.ts'
import { getReferrers } from './referrers.ts'
import { requestIds } from './request-id.ts'
import { cleanPath, parseRoute, type Route, type RouteKind, type RouteOf } from './route.ts'
import type { HttpSettings } from './settings.ts'
import { getTags } from './tags.ts'
import { getToken } from './token.ts'
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from './uploads.ts'

/** Answers one request. It never throws. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  options?: { readonly awaitsContinue?: boolean },
) => void

export interface HandlerOptions {
  readonly registry: Registry
  readonly settings: HttpSettings
  /** Absent: nobody is asked who he is. */
  readonly gate?: Gate | undefined
  /** A log for one request, by the request's id. */
  readonly logOf: (id: string) => Log
  /** While false, every request is refused. */
  readonly isHealthy?: () => boolean
  /** While true, `/` says so: whoever asks it for health shall send no more. */
  readonly isEnding?: () => boolean
  readonly observers?: readonly Observer[]
}

/** Looks on, and must not throw. */
export interface Observer {
  /** The path is understood: `exchange.route` is set. */
  readonly routed?: (exchange: Exchange) => void
  /** The answer is sent, or its connection gone. */
  readonly answered?: (exchange: Exchange) => void
  /** Calls `work`, which never fails, in whatever context the observer wants to be found from below. */
  readonly within?: (exchange: Exchange, work: () => Promise<void>) => Promise<void>
}

type Answer<Kind extends RouteKind> = (
  exchange: Exchange,
  registry: Registry,
  route: RouteOf<Kind>,
) => Promise<void>

/** Sent with everything, so that a client knows a registry of the second version by any answer of it. */
const versionHeader = { 'Docker-Distribution-API-Version': 'registry/2.0' }

/** What frames a message or belongs to a connection; HTTP/2 has none of it (RFC 9113, 8.2.2). */
const framing: ReadonlySet<string> = new Set([
  'Connection',
  'Content-Length',
  'Keep-Alive',
  'Proxy-Connection',
  'Te',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
])

type Table = { readonly [Kind in RouteKind]?: Readonly<Record<string, Answer<Kind>>> }

const table: Table = {
  catalog: { GET: getCatalog, HEAD: getCatalog },
  tags: { GET: getTags, HEAD: getTags },
  manifest: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  blob: { GET: getBlob, HEAD: headBlob, DELETE: deleteBlob },
  uploads: { POST: postUpload },
  upload: { GET: getUpload, HEAD: getUpload, PATCH: patchUpload, PUT: putUpload, DELETE: deleteUpload },
  referrers: { GET: getReferrers, HEAD: getReferrers },
}

/** Makes the function that serves a registry over HTTP, of everything in `http/`. Needs no socket: tests call it. */
export function createHandler(options: HandlerOptions): Handler {
  const { registry, gate, settings, observers = [], isHealthy = always, isEnding = never } = options
  const forwarded = new ForwardedHeaders(settings.trustedProxies)
  const locations = new Locations(settings, forwarded)
  const commonHeaders = { ...versionHeader, ...spelt(settings.headers) }
  const buffers = new StreamBuffers()
  const below = settings.prefix.replace(/\/$/, '')
  const idOf = requestIds()
  const routed = (exchange: Exchange): void => observers.forEach((observer) => observer.routed?.(exchange))
  const contexts = observers.flatMap(({ within }) => (within === undefined ? [] : [within]))

  return (request, response, { awaitsContinue = false } = {}): void => {
    const id = idOf(request)
    const healthy = isHealthy()
    const exchange = new Exchange(
      request,
      response,
      { log: options.logOf(id) },
      {
        id,
        settings,
        locations,
        forwarded,
        // As Distribution, whose router an unhealthy registry's requests never reach.
        commonHeaders: healthy ? commonHeaders : {},
        awaitsContinue,
        buffers,
      },
    )
    if (observers.length > 0) {
      response.once('close', () => observers.forEach((observer) => observer.answered?.(exchange)))
    }
    let work = async (): Promise<void> => {
      try {
        if (!healthy) throw new RegistryError('UNHEALTHY', { detail: unhealthy })
        await answer(exchange, { registry, gate, below, routed, isEnding })
      } catch (error) {
        exchange.failure = error
        fail(exchange, gate, error)
      }
    }
    for (const within of contexts) {
      const inner = work
      work = () => within(exchange, inner)
    }
    void work()
  }
}

function always(): boolean {
  return true
}

function never(): boolean {
  return false
}

/** Distribution's words. */
const unhealthy = 'health check failed: please see /debug/health'

/**
 * Header names spelt as ours are, so that an answer's own value takes the place of a configured one; variables of the
 * environment bring them in lower case. What frames a message is nobody's to configure. Several values are sent as one list, which
 * is the same (RFC 9110, 5.3), for Node sends some names only once over HTTP/2.
 */
function spelt(headers: HttpSettings['headers']): HttpSettings['headers'] {
  const entries = Object.entries(headers).map(([name, values]): [string, readonly string[]] => {
    const spelling = spellHeader(name)
    return [spelling, spelling === 'Set-Cookie' ? values : [values.join(', ')]]
  })
  return Object.fromEntries(entries.filter(([name]) => !framing.has(name)))
}

function spellHeader(name: string): string {
  const capitalised = name.toLowerCase().replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())
  return capitalised
    .replace(/^Oci-/, 'OCI-')
    .replace(/-Uuid$/, '-UUID')
    .replace(/-Api-/, '-API-')
}

interface Serving {
  readonly registry: Registry
  readonly gate: Gate | undefined
  /** The prefix, without a slash at its end. */
  readonly below: string
  readonly routed: (exchange: Exchange) => void
  readonly isEnding: () => boolean
}

async function answer(
  exchange: Exchange,
  { registry, gate, below, routed, isEnding }: Serving,
): Promise<void> {
  const path = decodePath(exchange.rawPath)
  if (path === '/') {
    if (isEnding()) throw new RegistryError('UNHEALTHY', { detail: 'the registry was asked to stop' })
    return await answerRoot(exchange)
  }
  // Also when `..` is resolved: what only passes through the prefix is not below it.
  const isBelow = path.startsWith(`${below}/`) && cleanPath(path).startsWith(`${below}/`)
  const route: Route = isBelow ? parseRoute(path.slice(below.length)) : { kind: 'unknown' }
  const { method = 'GET', headers, httpVersion } = exchange.request
  // RFC 9112, 3.2. Node's own answer would lack the protocol's form.
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new RegistryError('REQUEST_INVALID', { detail: 'no Host header' })
  }
  if (hasTwoHosts(exchange.request)) {
    throw new RegistryError('REQUEST_INVALID', { detail: 'more than one Host header' })
  }
  exchange.route = route
  routed(exchange)
  switch (route.kind) {
    case 'token':
      if (gate?.tokens === undefined) return await answerUnknown(exchange)
      if (method !== 'GET') return await answerOtherMethod(exchange, ['GET'])
      return await getToken(exchange, gate.tokens)
    case 'moved':
      return await answerMoved(exchange, below + route.path)
    case 'root':
    case 'unknown':
      return await answerUnknown(exchange)
    case 'base':
      if (gate !== undefined) await authorize(exchange, route, gate)
      return await answerBase(exchange)
    default: {
      if (gate !== undefined) await authorize(exchange, route, gate)
      const methods = table[route.kind] as Readonly<Record<string, Answer<typeof route.kind>>>
      const answerMethod = Object.hasOwn(methods, method) ? methods[method] : undefined
      if (answerMethod === undefined) return await answerOtherMethod(exchange, Object.keys(methods))
      // The table's own type says that the function takes this kind of route.
      return await (answerMethod as Answer<RouteKind>)(exchange, registry, route)
    }
  }
}

/** Which of them counts is for two servers in a row to disagree upon. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

function decodePath(rawPath: string): string {
  if (!rawPath.includes('%')) return rawPath
  try {
    return decodeURIComponent(rawPath)
  } catch {
    throw new RegistryError('NAME_INVALID', { detail: 'malformed percent-encoding in the path' })
  }
}

/** The same path spelt rightly. Encoded again, so that no character of it means anything but itself. */
async function answerMoved(exchange: Exchange, path: string): Promise<void> {
  const query = exchange.query.toString()
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  await exchange.send(301, { Location: encoded + (query === '' ? '' : `?${query}`) })
}

/** As Distribution answers what is no route. */
async function answerUnknown(exchange: Exchange): Promise<void> {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }
  await exchange.send(404, headers, Buffer.from('404 page not found\n'))
}

async function answerOtherMethod(exchange: Exchange, methods: readonly string[]): Promise<void> {
  const { isReadOnly } = exchange.settings
  const allowed = methods.filter((method) => !isReadOnly || method === 'GET' || method === 'HEAD')
  const allow = { Allow: allowed.toSorted().join(', ') }
  if (exchange.request.method === 'OPTIONS') await exchange.send(200, allow)
  else await exchange.sendError(errorResponse(new RegistryError('UNSUPPORTED')), allow)
}

function fail(exchange: Exchange, gate: Gate | undefined, error: unknown): void {
  const { response, context, request } = exchange
  if (isBug(error)) context.log.error({ method: request.method, err: error }, 'request failed unexpectedly')
  const isGone =
    error instanceof ClientGone || (error instanceof RegistryError && error.code === 'CLIENT_CLOSED')
  if (isGone || response.headersSent) {
    exchange.breakOff()
    return
  }
  const refusal = errorResponse(error)
  // What is refused as a method here always is a write (RFC 9110, 15.5.6).
  const headers = refusal.status === 405 ? { Allow: 'GET, HEAD' } : {}
  const sent =
    error instanceof Unauthorized && gate !== undefined
      ? sendChallenge(exchange, gate, error)
      : exchange.sendError(refusal, headers)
  sent.catch((failure: unknown) => {
    context.log.error({ err: failure }, 'error not sent')
    exchange.breakOff()
  })
}

function isBug(error: unknown): boolean {
  return !(error instanceof ClientGone || error instanceof RegistryError || error instanceof RegistryErrors)
}
