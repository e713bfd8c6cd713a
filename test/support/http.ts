import { request as startRequest, type Agent, type IncomingHttpHeaders } from 'node:http'
import { request as startSecureRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SecureContextOptions } from 'node:tls'

/** One HTTP request, exactly as told: no redirects followed, no headers of its own, no opinion on the status. */

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent chunked, unless the headers say Content-Length. */
  readonly body?: string | Uint8Array | Readable
  readonly agent?: Agent
  /** How long the server may be silent. Default: a minute. */
  readonly silenceMs?: number
  /** For URLs of https. */
  readonly tls?: TlsClient
}

/** PEM: whom to trust, and the client's own certificate. */
export type TlsClient = Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>

export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The body as JSON. */
  json(): unknown
}

export async function http(method: string, url: string, options: HttpOptions = {}): Promise<HttpResponse> {
  const chunks: Buffer[] = []
  const { status, headers } = await httpStream(method, url, options, (chunk) => chunks.push(chunk))
  const body = Buffer.concat(chunks)
  return { status, headers, body, json: () => JSON.parse(body.toString()) as unknown }
}

/** As `http`, for bodies that are too large to hold: hands over each chunk as it comes. */
export async function httpStream(
  method: string,
  url: string,
  options: HttpOptions,
  onChunk: (chunk: Buffer) => void,
): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  const { body } = options
  const headers = { ...options.headers }
  const named = Object.keys(headers).map((name) => name.toLowerCase())
  if (!(body instanceof Readable) && body !== undefined && !named.includes('content-length'))
    headers['Content-Length'] = String(Buffer.byteLength(body))
  return await new Promise((resolve, reject) => {
    const start = url.startsWith('https:') ? startSecureRequest : startRequest
    const request = start(url, { method, headers, agent: options.agent ?? false, ...options.tls })
    request.on('error', reject)
    request.setTimeout(options.silenceMs ?? 60_000, () => {
      request.destroy(new Error(`${method} ${url}: the server is silent`))
    })
    request.on('response', (response) => {
      response.on('data', onChunk)
      response.on('error', reject)
      response.on('close', () => {
        if (response.complete) resolve({ status: response.statusCode ?? 0, headers: response.headers })
        else reject(new Error(`${method} ${url}: the answer broke off`))
      })
    })
    if (body instanceof Readable) pipeline(body, request).catch(reject)
    else request.end(body)
  })
}
