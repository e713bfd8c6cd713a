import { request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { SecureContext } from 'node:tls'
import { redactedUrl } from './redacted-url.ts'

export interface HeadOptions {
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly signal: AbortSignal
  /** Whom to trust; undefined: whom Node trusts. */
  readonly roots: () => SecureContext | undefined
}

type Headers = Readonly<Record<string, readonly string[]>>

/** Go's client gives up at the tenth. */
const maxRequests = 10

/** Go's client writes these itself, whatever is configured. */
const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'trailer',
  'transfer-encoding',
])

/** Go's client does not hand these to another site. */
const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'cookie2',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
])

/**
 * Asks with HEAD, and follows redirects as Go's http.Client does: a user and password of the URL become basic authentication,
 * and headers with secrets stay on the first site.
 *
 * @returns the status of the last answer; a redirect that names no place is one
 * @throws Error of the connection, or in words
 */
export async function head(first: URL, options: HeadOptions): Promise<number> {
  let url = first
  for (let requests = 1; ; requests++) {
    const headers = isSameSite(first.hostname, url.hostname)
      ? options.headers
      : withoutSecrets(options.headers)
    const { statusCode = 0, headers: answered } = await headOnce(url, { ...options, headers })
    if (!isRedirect(statusCode) || answered.location === undefined) return statusCode
    if (requests === maxRequests) throw new Error(`stopped after ${maxRequests} redirects`)
    url = follow(url, answered.location)
  }
}

async function headOnce(url: URL, { headers, signal, roots }: HeadOptions): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    // A connection of its own each time: that one can be made is a part of the check.
    const common = { method: 'HEAD', headers: sent(headers), agent: false, signal }
    const secureContext = url.protocol === 'https:' ? roots() : undefined
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...common, ...(secureContext && { secureContext }) })
        : requestHttp(url, common)
    request.once('response', (response) => {
      resolve(response)
      request.destroy()
    })
    // Also after the answer: breaking off may be told as an error.
    request.on('error', reject)
    request.end()
  })
}

function sent(headers: Headers): OutgoingHttpHeaders {
  const entries = Object.entries(headers).filter(([name]) => !ownHeaders.has(name.toLowerCase()))
  return {
    'User-Agent': 'berth',
    ...Object.fromEntries(entries.map(([name, values]) => [name, [...values]])),
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

function follow(from: URL, location: string): URL {
  let url: URL
  try {
    url = new URL(location, from)
  } catch (error) {
    throw new Error('redirected to what is no URL', { cause: error })
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`redirected to ${redactedUrl(url.href)}, which is not http or https`)
  return url
}

/** The same host, or one below it. */
function isSameSite(first: string, host: string): boolean {
  return host === first || host.endsWith(`.${first}`)
}

function withoutSecrets(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !secretHeaders.has(name.toLowerCase())),
  )
}
