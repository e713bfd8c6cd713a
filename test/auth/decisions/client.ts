import { Agent, request as startRequest, type IncomingHttpHeaders } from 'node:http'
import type { HttpResponse } from '../../support/http.ts'

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface Answered extends HttpResponse {
  /** Whether the server asked for the body, which is not sent before. */
  readonly wasAsked: boolean
}

/** Asks as careful clients do: a body is sent when the server says that it wants it (RFC 9110, 10.1.1). */
export class CarefulClient {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(port: number) {
    this.#port = port
  }

  close(): void {
    this.#agent.destroy()
  }

  async ask({ method, path, headers, body }: Sent): Promise<Answered> {
    const framing =
      body === undefined
        ? undefined
        : { Expect: '100-continue', 'Content-Length': String(Buffer.byteLength(body)) }
    return await new Promise((resolve, reject) => {
      let wasAsked = false
      const request = startRequest({
        host: '127.0.0.1',
        port: this.#port,
        method,
        path,
        agent: this.#agent,
        headers: { ...headers, ...framing },
      })
      request.on('error', reject)
      request.setTimeout(30_000, () => request.destroy(new Error(`${method} ${path}: the server is silent`)))
      request.on('continue', () => {
        wasAsked = true
        request.end(body)
      })
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          resolve(answered(response.statusCode ?? 0, response.headers, Buffer.concat(chunks), wasAsked))
          // The body will never be sent, so that this connection is of no more use.
          if (body !== undefined && !wasAsked) request.destroy()
        })
      })
      if (body === undefined) request.end()
      else request.flushHeaders()
    })
  }
}

function answered(status: number, headers: IncomingHttpHeaders, body: Buffer, wasAsked: boolean): Answered {
  return { status, headers, body, wasAsked, json: () => JSON.parse(body.toString()) as unknown }
}
