import type { Socket } from 'node:net'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { Log } from '../registry/context.ts'
import { Authority } from './authority.ts'
import type { Certificate } from './certificate.ts'
import { Challenges } from './challenges.ts'
import { Failures } from './failures.ts'
import { parseHostName, type HostName } from './host-name.ts'
import { Issuer, type OrdersElsewhere } from './issuer.ts'
import { NewHosts } from './new-hosts.ts'
import { openCache } from './open-cache.ts'
import { orderBackOff, renewalTime, type BackOff } from './schedule.ts'
import { ServedHost } from './served-host.ts'
import { Unavailable } from './unavailable.ts'
import { takeValidators } from './validators.ts'

export interface AcmeOptions {
  /** `http.tls.letsencrypt.cachefile`: a folder, as Distribution 3 has it, or an existing file, as Distribution 2 had. */
  readonly cache: string
  readonly email?: string
  /** Who is served. Empty: any DNS name that a client asks for, as Distribution 2 did. */
  readonly hosts: readonly string[]
  /** Default: Let's Encrypt's production. */
  readonly directoryUrl?: string
  /** Whether somebody answers http-01 challenges on port 80 with what `http01` gives. */
  readonly http01?: boolean
  readonly log: Log
  /**
   * What contexts are made of besides key and certificate, such as `ca` for clients' certificates. Asked at every handshake; for
   * another object than before they are made anew.
   */
  readonly contextOptions?: () => SecureContextOptions
  /**
   * Called with the certificate of the first host, at the start and whenever it is replaced. It is for clients that send no name:
   * Node asks nobody about them, and serves what `setSecureContext` was given.
   */
  readonly onFirstHost?: (certificate: { readonly key: string; readonly cert: string }) => void
  /** What we call ourselves when talking to the authority. */
  readonly userAgent?: string
  /** PEM of authorities to trust, besides those that Node comes with, when talking to the directory. */
  readonly ca?: string
  /** One of several processes orders for all: who that is. They share the cache. */
  readonly orders?: OrdersElsewhere
  readonly backOff?: BackOff
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly random?: () => number
}

const letsEncrypt = 'https://acme-v02.api.letsencrypt.org/directory'

/** Milliseconds between two looks at the clock, at most: it may jump, or the machine sleep. */
const longestTimer = 60 * 60 * 1000

/** Milliseconds between two looks at certificates that could not be renewed for reasons that pass. */
const shortPause = 60 * 1000

const nothing: SecureContextOptions = {}

/**
 * Certificates by ACME (RFC 8555): ordered when the first client asks for its host, kept in a cache, renewed at two thirds of their
 * life. It is what `http.tls.letsencrypt` of Distribution promises, with the cache of Go's autocert. Keys are of P-256.
 */
export class AcmeCertificates {
  readonly #options: AcmeOptions
  readonly #now: () => number
  readonly #random: () => number
  readonly #challenges: Challenges
  readonly #authority: Authority
  readonly #issuer: Issuer
  readonly #newHosts: NewHosts
  readonly #hosts: readonly HostName[]
  readonly #served = new Map<HostName, ServedHost>()
  #timer: NodeJS.Timeout | undefined
  #state: 'opened' | 'started' | 'stopped' = 'opened'

  /**
   * Opens the cache, and reads from it what it has for the listed hosts. The authority is not talked to.
   *
   * @throws Error of one line when the cache cannot be used
   */
  static async open(options: AcmeOptions): Promise<AcmeCertificates> {
    const cache = await openCache(options.cache)
    const challenges = new Challenges(cache, options.log)
    const authority = new Authority({
      directoryUrl: options.directoryUrl ?? letsEncrypt,
      email: options.email,
      cache,
      challenges,
      http01: options.http01 ?? false,
      userAgent: options.userAgent ?? 'berth',
      ca: options.ca,
    })
    const { log, backOff = orderBackOff, random = Math.random, now = Date.now } = options
    const failures = new Failures(backOff, random)
    const issuer = new Issuer({ authority, cache, failures, log, now, orders: options.orders })
    const certificates = new AcmeCertificates(options, challenges, authority, issuer)
    for (const host of certificates.#hosts) await certificates.#load(host)
    return certificates
  }

  private constructor(options: AcmeOptions, challenges: Challenges, authority: Authority, issuer: Issuer) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#random = options.random ?? Math.random
    this.#challenges = challenges
    this.#authority = authority
    this.#issuer = issuer
    this.#newHosts = new NewHosts(this.#now())
    this.#hosts = parseHosts(options.hosts, options.log)
  }

  /** Renews certificates from now on. Does not keep the process alive. */
  start(): void {
    this.#state = 'started'
    const [first] = this.#hosts
    if (first !== undefined) this.#tellFirst(first)
    this.#schedule()
  }

  /** Ends what is under way and orders nothing more. What is in memory is served to the end. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    clearTimeout(this.#timer)
    await this.#issuer.stop()
    this.#challenges.close()
    await this.#authority.close()
  }

  /**
   * What a client gets that asks for a host, for `SNICallback`. It may take as long as an order does. When there is nothing better, it
   * is an expired certificate: by that a client can at least say what is wrong.
   *
   * @param serverName as the client sent it
   * @throws Unavailable
   */
  async secureContext(serverName: string): Promise<SecureContext> {
    const host = this.#admit(serverName)
    let served = this.#served.get(host) ?? (await this.#load(host))
    if (served === undefined || served.hasExpired(this.#now())) served = await this.#obtain(host, served)
    return served.context(this.#options.contextOptions?.() ?? nothing)
  }

  /**
   * Takes a new connection, before TLS. While a tls-alpn-01 challenge is pending, it may be from a validator, who is answered.
   *
   * @param next gets all other connections, as they came; at once when nothing is pending
   */
  accept(socket: Socket, next: (socket: Socket) => void): void {
    if (this.#state === 'stopped') next(socket)
    else takeValidators(this.#challenges, socket, next)
  }

  /**
   * @param token what stands behind `/.well-known/acme-challenge/`; anything
   * @returns the body of the answer, as text; undefined: there is no such challenge
   */
  async http01(token: string): Promise<string | undefined> {
    return await this.#challenges.http01(token)
  }

  /** Those in use, for metrics. */
  certificates(): readonly { readonly host: string; readonly expires: Date }[] {
    return [...this.#served.values()].map(({ host, certificate }) => ({
      host,
      expires: new Date(certificate.expires),
    }))
  }

  #admit(serverName: string): HostName {
    const host = parseHostName(serverName)
    if (host === undefined) throw Unavailable.noHost(serverName)
    if (this.#isRestricted && !this.#hosts.includes(host)) throw Unavailable.notListed(host)
    return host
  }

  /** Not by `#hosts`: a list that has nothing but bad names must not let everybody in. */
  get #isRestricted(): boolean {
    return this.#options.hosts.length > 0
  }

  async #load(host: HostName): Promise<ServedHost | undefined> {
    const certificate = await this.#issuer.cached(host)
    return certificate && this.#use(host, certificate)
  }

  async #obtain(host: HostName, expired: ServedHost | undefined): Promise<ServedHost> {
    try {
      return this.#use(host, await this.#issue(host, expired === undefined))
    } catch (error) {
      if (expired === undefined) throw error
      return expired
    }
  }

  async #issue(host: HostName, isNew: boolean): Promise<Certificate> {
    if (!isNew || this.#isRestricted || this.#issuer.isBusyWith(host)) return await this.#issuer.issue(host)
    const leave = this.#newHosts.admit(this.#now())
    if (leave === undefined) throw Unavailable.tooMany(host)
    try {
      return await this.#issuer.issue(host)
    } finally {
      leave()
    }
  }

  #use(host: HostName, certificate: Certificate): ServedHost {
    const known = this.#served.get(host)
    // All who waited for one order come here.
    if (known?.certificate === certificate) return known
    const served = new ServedHost(host, certificate, renewalTime(certificate, this.#random()))
    this.#served.set(host, served)
    if (this.#state === 'started') {
      this.#tellFirst(host)
      this.#schedule()
    }
    return served
  }

  #tellFirst(host: HostName): void {
    const certificate = this.#served.get(host)?.certificate
    if (host !== this.#hosts[0] || certificate === undefined) return
    this.#options.onFirstHost?.({ key: certificate.key, cert: certificate.chain })
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#state !== 'started') return
    const next = Math.min(...Array.from(this.#served.values(), ({ renewAt }) => renewAt))
    const wait = Math.min(Math.max(next - this.#now(), 0), longestTimer)
    this.#timer = setTimeout(() => this.#renewDue(), wait).unref()
  }

  #renewDue(): void {
    const now = this.#now()
    for (const served of this.#served.values()) if (served.renewAt <= now) void this.#renew(served)
    this.#schedule()
  }

  async #renew(served: ServedHost): Promise<void> {
    const { host, certificate } = served
    served.renewAt = Infinity
    try {
      this.#use(host, await this.#issuer.issue(host, certificate))
    } catch (error) {
      const now = this.#now()
      served.renewAt = (error instanceof Unavailable ? error.retryAt : undefined) ?? now + shortPause
      // Nobody said that this host is ours. Should somebody still ask for it, it is a new one.
      if (!this.#isRestricted && served.hasExpired(now)) this.#served.delete(host)
      this.#schedule()
    }
  }
}

/** As Distribution does, what is no host's name is passed over; but it is told. */
function parseHosts(names: readonly string[], log: Log): readonly HostName[] {
  const hosts = names.map((name) => ({ name, host: parseHostName(name) }))
  for (const { name, host } of hosts)
    if (host === undefined)
      log.warn({ host: name }, 'no certificate for what is no dns name in http.tls.letsencrypt.hosts')
  return [...new Set(hosts.flatMap(({ host }) => host ?? []))]
}
