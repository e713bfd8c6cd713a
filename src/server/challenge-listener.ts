import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { listen } from '../util/listen.ts'
import { parseListenAddress } from '../config/listen-address.ts'

const prefix = '/.well-known/acme-challenge/'

const mostConnections = 200

export interface ChallengeListenerOptions {
  /** `host:port`; the certificate authority calls port 80. */
  readonly address: string
  /** The answer to a challenge, by its token. */
  readonly answer: (token: string) => Promise<string | undefined>
  /** Where clients reach this registry, such as `https://registry.example.com:8443`. Default: the host asked for, on port 443. */
  readonly origin?: string | undefined
}

/**
 * The plain listener of `http.tls.letsencrypt.http01addr`: answers http-01 challenges (RFC 8555, 8.3), and sends everybody
 * else to where TLS is.
 */
export class ChallengeListener {
  readonly #options: ChallengeListenerOptions
  readonly #server: Server

  constructor(options: ChallengeListenerOptions) {
    this.#options = options
    this.#server = createServer(
      { requestTimeout: 10_000, keepAliveTimeout: 1_000 },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.maxConnections = mostConnections
  }

  /** @throws Error of one line */
  async start(): Promise<void> {
    const { address } = this.#options
    const place = parseListenAddress(address) ?? { port: 80 }
    await listen(this.#server, place, `${address} (http.tls.letsencrypt.http01addr)`)
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nobody's body is wanted here.
    response.setHeader('Connection', 'close')
    const path = request.url ?? '/'
    const content = path.startsWith(prefix) ? await this.#challenge(path.slice(prefix.length)) : undefined
    if (content !== undefined) {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(content)
      return
    }
    const { origin = originOf(request.headers.host) } = this.#options
    if (path.startsWith(prefix) || origin === undefined || !path.startsWith('/')) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found\n')
      return
    }
    response.writeHead(308, { Location: origin + path }).end()
  }

  /** What cannot be told is not there. */
  async #challenge(token: string): Promise<string | undefined> {
    return await this.#options.answer(token).catch(() => undefined)
  }
}

/** Undefined when the header names no host. */
function originOf(header: string | undefined): string | undefined {
  const host = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/.exec(header ?? '')?.[1]
  return host === undefined ? undefined : `https://${host}`
}
