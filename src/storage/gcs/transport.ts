import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/** Connections kept for the next request; without a bound in use, for a slow reader holds one and must not block others. */
const idleConnections = 64

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Written piece by piece as the connection takes them. */
  readonly body?: Iterable<Uint8Array>
  /** Bytes of the body. */
  readonly length?: number
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** Sends requests, once each, and gives back what comes. */
export class Transport {
  readonly #userAgent: string | undefined
  readonly #http = new HttpAgent({ keepAlive: true, maxFreeSockets: idleConnections })
  readonly #https = new HttpsAgent({ keepAlive: true, maxFreeSockets: idleConnections })

  constructor(userAgent: string | undefined) {
    this.#userAgent = userAgent
  }

  /**
   * @param signal ends the request, until its answer begins; see `readBefore`
   * @param progress called when bytes of the body were taken
   */
  async send(outgoing: Outgoing, signal: AbortSignal, progress: () => void): Promise<Answer> {
    const { method, url, headers, body, length = 0 } = outgoing
    signal.throwIfAborted()
    const isTls = url.protocol === 'https:'
    const request = (isTls ? httpsRequest : httpRequest)(url, {
      method,
      agent: isTls ? this.#https : this.#http,
      headers: {
        ...headers,
        ...(this.#userAgent !== undefined && { 'User-Agent': this.#userAgent }),
        ...(method !== 'GET' && method !== 'DELETE' && { 'Content-Length': String(length) }),
      },
    })
    const giveUp = (): void => void request.destroy(new Error('given up'))
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await answerOf(request, body ?? [], progress)
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

/** Lets a signal end the reading of an answer, too: a body of which little comes again and again is never silent. */
export async function readBefore<Result>(
  signal: AbortSignal,
  body: Answer['body'],
  read: () => Promise<Result>,
): Promise<Result> {
  const giveUp = (): void => void body.destroy(new Error('the answer did not end in time'))
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await read()
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** Writes the body until the answer comes, which may be before its end: a store that is asked too much says so at once. */
function answerOf(request: ClientRequest, body: Iterable<Uint8Array>, progress: () => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const pieces = body[Symbol.iterator]()
    let isOver = false
    const write = (): void => {
      try {
        let isTaken = true
        while (isTaken) {
          if (isOver) return
          const next = pieces.next()
          if (next.done === true) {
            request.end()
            return
          }
          progress()
          isTaken = request.write(next.value)
        }
        request.once('drain', write)
      } catch (error) {
        request.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const end = (): void => {
      isOver = true
      pieces.return?.()
    }
    request.on('error', (error) => {
      end()
      reject(error)
    })
    request.on('response', (response) => {
      end()
      // Told to whoever reads; until somebody does it must not end the process.
      response.on('error', ignore)
      // The rest of the body will never come, so that the connection is of no more use.
      if (!request.writableEnded) response.once('close', () => request.destroy())
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response })
    })
    write()
  })
}

function ignore(): void {
  // See above.
}
