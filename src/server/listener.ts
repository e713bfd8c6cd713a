import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { lstat, rm } from 'node:fs/promises'
import { parseListenAddress } from '../config/listen-address.ts'
import type { Handler } from '../http/handler.ts'
import { answerClientError } from './client-error.ts'

export interface ListenerOptions {
  /** `host:port`, or the path of a socket. */
  readonly address: string
  readonly net: 'tcp' | 'unix'
  readonly headersTimeoutMilliseconds?: number
  readonly keepAliveMilliseconds?: number
}

/** Bytes; tokens alone can be larger than Node's 16 KiB. */
const maxHeaderSize = 64 * 1024

/** Milliseconds; a longer timer of Node's ends at once. */
const longestTimer = 2 ** 31 - 1

/** Milliseconds in which a client must have sent its headers. */
const defaultHeadersTimeout = 30_000

/** Milliseconds. Longer than load balancers keep theirs (at most 600 s), so that it is they who close an idle connection. */
const defaultKeepAlive = 620_000

/** The main listener: a server on an address, with Node's defaults replaced where they break a registry. */
export class Listener {
  readonly #server: Server
  readonly #options: ListenerOptions
  /** The open connections, and the answers of each that are not sent whole; several when requests are pipelined. */
  readonly #unanswered = new Map<Duplex, Set<ServerResponse>>()
  #draining = false

  constructor(handler: Handler, options: ListenerOptions) {
    this.#options = options
    this.#server = createServer({
      maxHeaderSize,
      keepAliveTimeout: options.keepAliveMilliseconds ?? defaultKeepAlive,
      headersTimeout: options.headersTimeoutMilliseconds ?? defaultHeadersTimeout,
      // It would end every upload that takes longer; request bodies have a stall time-out of their own.
      requestTimeout: 0,
      connectionsCheckingInterval: 5_000,
      noDelay: true,
      requireHostHeader: false,
    })
    const listen = (event: string, awaitsContinue: boolean): void => {
      this.#server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        const { socket } = request
        this.#unanswered.get(socket)?.add(response)
        response.once('close', () => {
          this.#unanswered.get(socket)?.delete(response)
          if (this.#draining) this.#closeIfIdle(socket)
        })
        handler(request, response, { awaitsContinue })
      })
    }
    listen('request', false)
    // Node would ask for the body at once; the handler does when it wants it.
    listen('checkContinue', true)
    // An expectation that nobody knows is none that must be met (RFC 9110, 10.1.1).
    listen('checkExpectation', false)
    this.#server.on('connection', (socket: Duplex) => {
      this.#unanswered.set(socket, new Set())
      socket.once('close', () => this.#unanswered.delete(socket))
    })
    this.#server.on('clientError', (error, socket) =>
      answerClientError(error, socket, this.#isAnswering(socket)),
    )
  }

  /**
   * Begins to listen.
   *
   * @returns where, in a form that a user can type
   * @throws Error in one line: address in use, not allowed, not an address of this machine
   */
  async start(): Promise<string> {
    const { address, net } = this.#options
    if (net === 'unix') await removeSocket(address)
    const where = net === 'unix' ? { path: address } : parseListenAddress(address)
    if (where === undefined) throw new Error(`cannot listen on ${address}: not of the form host:port`)
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => reject(explain(address, error))
      this.#server.once('error', fail)
      this.#server.listen(where, () => {
        this.#server.off('error', fail)
        resolve()
      })
    })
    return describe(this.#server.address())
  }

  /**
   * Stops: no new connections, and those that are idle are closed; what is in flight may go on.
   *
   * @param milliseconds after which the rest is cut off
   * @returns whether all requests could be finished
   */
  async stop(milliseconds: number): Promise<boolean> {
    this.#draining = true
    const closed = new Promise<boolean>((resolve) => this.#server.close(() => resolve(true)))
    for (const socket of this.#unanswered.keys()) this.#closeIfIdle(socket)
    const timeout = new AbortController()
    const expired = sleep(Math.min(milliseconds, longestTimer), false, { signal: timeout.signal }).catch(
      () => false,
    )
    const finished = await Promise.race([closed, expired])
    timeout.abort()
    this.#server.closeAllConnections()
    return finished
  }

  #isAnswering(socket: Duplex): boolean {
    return [...(this.#unanswered.get(socket) ?? [])].some((response) => response.headersSent)
  }

  /** Node's own closing of idle connections leaves those on which nothing was ever asked: probes, and what browsers open early. */
  #closeIfIdle(socket: Duplex): void {
    if (this.#unanswered.get(socket)?.size === 0) socket.end(() => socket.destroy())
  }
}

/** A socket that a process left when it died would refuse the address for ever. */
async function removeSocket(path: string): Promise<void> {
  let isSocket: boolean
  try {
    isSocket = (await lstat(path)).isSocket()
  } catch {
    return
  }
  if (!isSocket) throw new Error(`cannot listen on ${path}: it exists and is no socket`)
  await rm(path, { force: true })
}

function explain(address: string, error: NodeJS.ErrnoException): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the address is in use',
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'not an address of this machine',
    ENOTFOUND: 'no such host',
  }
  const reason = reasons[error.code ?? ''] ?? error.message
  return new Error(`cannot listen on ${address}: ${reason}`, { cause: error })
}

function describe(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? ''
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`
}
