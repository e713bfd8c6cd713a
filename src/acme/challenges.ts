import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import type { Log } from '../registry/context.ts'
import { challengeName, http01Name, type CertificateCache, type SharedChallenges } from './cache.ts'
import { toPem, type Certificate } from './certificate.ts'
import { parseHostName, type HostName } from './host-name.ts'

/** By which an authority asks for the answer to a tls-alpn-01 challenge (RFC 8737, 6.2). */
const validationProtocol = 'acme-tls/1'

/** Milliseconds that a validator may take for its handshake. */
const handshakeTimeout = 10_000

/** Milliseconds for which it is believed that no other process has a challenge pending. */
const sharedAge = 250

/** Milliseconds until nobody believes any more that this one is not pending, with a little for their clocks' ticks. */
const untilKnown = sharedAge + 50

/** Milliseconds for which a connection waits at most until that is known: a folder on the network may hang. */
const lookPatience = 2_000

const base64url = /^[\w-]{1,200}$/

type Withdraw = () => Promise<void>

/** Milliseconds that a validator has to close its side. */
const linger = 1_000

/**
 * The challenges that are pending, and their answers: our own, and those of the processes that share the cache, for the authority
 * may call any of us.
 */
export class Challenges {
  readonly #shared: SharedChallenges | undefined
  readonly #cache: CertificateCache
  readonly #log: Log
  readonly #contexts = new Map<HostName, SecureContext>()
  readonly #answers = new Map<string, string>()
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  #othersPending: { readonly until: number; readonly isAny: boolean } = { until: 0, isAny: false }
  #looking: Promise<boolean> | undefined

  constructor(cache: CertificateCache, log: Log) {
    this.#cache = cache
    this.#shared = cache.challenges
    this.#log = log
    this.#server = createServer({
      ALPNProtocols: [validationProtocol],
      handshakeTimeout,
      SNICallback: (name, done) => void this.#select(name, done),
    })
    // Nothing is said but the handshake (RFC 8737, 3).
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => {})
      socket.end(() => setTimeout(() => socket.destroy(), linger).unref())
    })
    this.#server.on('tlsClientError', (error, socket) => {
      this.#log.debug({ err: error }, 'validation connection failed')
      socket.destroy()
    })
  }

  /**
   * Returns when all that share the cache answer it: the authority calls any of them, and at once when it is told.
   *
   * @returns takes it back
   */
  async presentTlsAlpn01(host: HostName, pair: Pick<Certificate, 'key' | 'chain'>): Promise<Withdraw> {
    this.#contexts.set(host, createSecureContext({ key: pair.key, cert: pair.chain }))
    const unshare = await this.#share(challengeName(host), toPem(pair))
    if (this.#shared !== undefined) await sleep(untilKnown)
    return async () => {
      this.#contexts.delete(host)
      await unshare()
    }
  }

  /** @returns takes it back */
  async presentHttp01(token: string, answer: string): Promise<Withdraw> {
    if (!base64url.test(token)) throw new Error('the token of the challenge is not base64url')
    this.#answers.set(token, answer)
    const unshare = await this.#share(http01Name(token), answer)
    return async () => {
      this.#answers.delete(token)
      await unshare()
    }
  }

  /** The answer to an http-01 challenge (RFC 8555, 8.3). */
  async http01(token: string): Promise<string | undefined> {
    if (!base64url.test(token)) return undefined
    return this.#answers.get(token) ?? (this.#shared && (await this.#readShared(http01Name(token))))
  }

  /**
   * Whether a tls-alpn-01 challenge is pending. What other processes do is looked for four times a second at most, and only when
   * somebody asks.
   */
  isPending(): boolean | Promise<boolean> {
    if (this.#contexts.size > 0) return true
    if (this.#shared === undefined) return false
    if (Date.now() < this.#othersPending.until) return this.#othersPending.isAny
    this.#looking ??= this.#look(this.#shared).finally(() => (this.#looking = undefined))
    return this.#looking
  }

  /** Whether a client is a validator. No other offers this protocol, and validators offer nothing else. */
  isValidator({ protocols }: { readonly protocols: readonly string[] }): boolean {
    return protocols.length === 1 && protocols[0] === validationProtocol
  }

  /** Answers a validator. */
  serve(socket: Socket): void {
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    this.#server.emit('connection', socket)
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy()
  }

  async #select(name: string, done: (error: Error | null, context?: SecureContext) => void): Promise<void> {
    let context: SecureContext
    try {
      context = await this.#contextFor(name)
    } catch (error) {
      done(error as Error)
      return
    }
    done(null, context)
  }

  async #contextFor(name: string): Promise<SecureContext> {
    const host = parseHostName(name)
    const own = host && this.#contexts.get(host)
    if (own !== undefined) return own
    const pem = host && this.#shared && (await this.#readShared(challengeName(host)))
    if (pem === undefined) throw new Error('no challenge of this name is pending')
    return createSecureContext({ key: pem, cert: pem })
  }

  async #look(shared: SharedChallenges): Promise<boolean> {
    // What comes after the beginning of the look may not be seen by it.
    const until = Date.now() + sharedAge
    const isAny = await Promise.race([
      shared.isAnyPending().catch(() => false),
      sleep(lookPatience, false, { ref: false }),
    ])
    this.#othersPending = { until, isAny }
    return isAny
  }

  async #share(name: string, content: string): Promise<Withdraw> {
    const shared = this.#shared
    const failed = (error: unknown): void =>
      this.#log.debug({ err: error }, 'challenge not shared with other processes')
    await shared?.put(name, content).catch(failed)
    return async () => await shared?.remove(name).catch(failed)
  }

  async #readShared(name: string): Promise<string | undefined> {
    return await this.#cache.read(name).catch(() => undefined)
  }
}
