import { readFileSync } from 'node:fs'
import { request as requestPlain, type Agent, type IncomingHttpHeaders } from 'node:http'
import { request as requestTls } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Certificates } from './certificates.ts'

/** Requests by plain HTTP or TLS, with every certificate checked, and nothing followed or added. */

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent chunked, unless the headers say Content-Length. */
  readonly body?: string | Uint8Array | Readable
  readonly agent?: Agent
  /** Called with each piece of the answer's body, which is then not kept. `pause` stops the reading, and gives what resumes it. */
  readonly onChunk?: (chunk: Buffer, pause: () => () => void) => void | Promise<void>
  /** Called when the server asks for the body. */
  readonly onContinue?: () => void
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export class Client {
  readonly #ca: Buffer

  constructor(certificates: Certificates) {
    this.#ca = readFileSync(certificates.authority)
  }

  async call(method: string, url: string | URL, options: CallOptions = {}): Promise<Answer> {
    const { body } = options
    const headers = { ...options.headers }
    if (body !== undefined && !(body instanceof Readable))
      headers['Content-Length'] = String(Buffer.byteLength(body))
    const target = new URL(url)
    const what = `${method} ${target.href}`
    const begin = target.protocol === 'https:' ? requestTls : requestPlain
    return await new Promise((resolve, reject) => {
      const request = begin(target, { method, headers, ca: this.#ca, agent: options.agent ?? false })
      const chunks: Buffer[] = []
      request.setTimeout(60_000, () => request.destroy(new Error(`${what}: the server is silent`)))
      request.on('error', reject)
      request.on('continue', () => options.onContinue?.())
      request.on('response', (response) => {
        const pause = (): (() => void) => {
          response.pause()
          return () => response.resume()
        }
        response.on('data', (chunk: Buffer) => {
          if (options.onChunk === undefined) chunks.push(chunk)
          else void options.onChunk(chunk, pause)
        })
        response.on('error', reject)
        response.on('close', () => {
          if (!response.complete) return reject(new Error(`${what}: the answer broke off`))
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          })
        })
      })
      if (body instanceof Readable) pipeline(body, request).catch(reject)
      else request.end(body)
    })
  }

  /** The same, for an answer that must have this status. */
  async expect(
    status: number,
    method: string,
    url: string | URL,
    options: CallOptions = {},
  ): Promise<Answer> {
    const answer = await this.call(method, url, options)
    if (answer.status === status) return answer
    throw new Error(`${method} ${String(url)}: ${answer.status}, not ${status}: ${answer.body.toString()}`)
  }
}
