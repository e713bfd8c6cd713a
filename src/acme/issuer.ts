import type { Log } from '../registry/context.ts'
import type { Authority } from './authority.ts'
import type { CertificateCache } from './cache.ts'
import { generateKey, keyToPem, parseCertificate, toPem, type Certificate } from './certificate.ts'
import type { Failures } from './failures.ts'
import type { HostName } from './host-name.ts'
import { AcmeProblem } from './problem.ts'
import { renewalTime } from './schedule.ts'
import { Unavailable } from './unavailable.ts'

export interface IssuerOptions {
  readonly authority: Pick<Authority, 'order'>
  readonly cache: CertificateCache
  readonly failures: Failures
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Absent: this process orders what it needs. */
  readonly orders?: OrdersElsewhere | undefined
}

/** Who orders certificates, when one process does that for several that share a cache. */
export interface OrdersElsewhere {
  /** That is this one. */
  readonly isHere: boolean
  /**
   * Lets the one who orders get a certificate into the cache.
   *
   * @throws Error of one line
   */
  order(host: string): Promise<void>
}

/** Gets certificates: one order at a time, and none for a host whose last one failed a short time ago. */
export class Issuer {
  readonly #options: IssuerOptions
  readonly #running = new Map<string, Promise<Certificate>>()
  readonly #stopping = new AbortController()
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: IssuerOptions) {
    this.#options = options
  }

  isBusyWith(host: HostName): boolean {
    return this.#running.has(host)
  }

  /**
   * Orders a certificate, or takes the one that another process has put into the cache meanwhile. All who ask while an order is under
   * way get what it brings.
   *
   * @param current what it is to replace
   * @throws Unavailable
   */
  async issue(host: HostName, current?: Certificate): Promise<Certificate> {
    const running = this.#running.get(host)
    if (running !== undefined) return await running
    const { failures, now, orders } = this.#options
    if (orders?.isHere === false) return await this.#fromElsewhere(host, orders, current)
    const retryAt = failures.retryAt(host, now())
    if (retryAt !== undefined) throw Unavailable.failedBefore(host, retryAt)

    const work = this.#last.then(() => this.#issue(host, current))
    this.#last = work.catch(() => {})
    this.#running.set(host, work)
    try {
      return await work
    } finally {
      this.#running.delete(host)
    }
  }

  /** Ends what is under way, and begins nothing more. */
  async stop(): Promise<void> {
    this.#stopping.abort(Unavailable.stopped())
    await this.#last
  }

  /** What is to be replaced is ordered by whom that concerns, who looks at the clock as we do: it is in the cache sooner or later. */
  async #fromElsewhere(
    host: HostName,
    orders: OrdersElsewhere,
    current: Certificate | undefined,
  ): Promise<Certificate> {
    const { now } = this.#options
    const isGood = (certificate: Certificate | undefined): certificate is Certificate =>
      certificate !== undefined &&
      (current === undefined ? certificate.expires : renewalTime(certificate, 0)) > now()
    const cached = await this.cached(host)
    if (isGood(cached)) return cached
    if (current !== undefined) throw Unavailable.notYet(host)
    try {
      await orders.order(host)
    } catch (error) {
      throw Unavailable.elsewhere(host, error)
    }
    const ordered = await this.cached(host)
    if (!isGood(ordered)) throw Unavailable.notYet(host)
    return ordered
  }

  async #issue(host: HostName, current: Certificate | undefined): Promise<Certificate> {
    const { failures, log, now } = this.#options
    const { signal } = this.#stopping
    if (signal.aborted) throw Unavailable.stopped()
    const cached = await this.cached(host)
    if (cached !== undefined && renewalTime(cached, 0) > now()) {
      failures.forget(host)
      return cached
    }
    log.info({ host }, 'ordering a certificate')
    try {
      const certificate = await this.#order(host, signal)
      failures.forget(host)
      log.info({ host, expires: toText(certificate.expires) }, 'certificate issued')
      return certificate
    } catch (error) {
      if (signal.aborted) throw Unavailable.stopped()
      const retryAt = this.#failed(host, error, current)
      log.error({ host, ...problemFields(error), nextAttempt: toText(retryAt) }, 'no certificate issued')
      throw Unavailable.failed(host, error, retryAt)
    }
  }

  /** What the cache holds, expired or not; undefined when there is nothing, or nothing that can be used. */
  async cached(host: HostName): Promise<Certificate | undefined> {
    const { cache, log } = this.#options
    try {
      const pem = await cache.read(host)
      return pem === undefined ? undefined : parseCertificate(pem, host)
    } catch (error) {
      log.warn({ host, err: error }, 'cached certificate not usable')
      return undefined
    }
  }

  async #order(host: HostName, signal: AbortSignal): Promise<Certificate> {
    const { authority, cache, log } = this.#options
    const key = await generateKey()
    const chain = await authority.order(host, key, signal)
    const certificate = parseCertificate(toPem({ key: keyToPem(key), chain }), host)
    try {
      await cache.write(host, toPem(certificate))
    } catch (error) {
      // It serves all the same, until this process ends.
      log.error({ host, err: error }, 'certificate not kept')
    }
    return certificate
  }

  #failed(host: HostName, error: unknown, current: Certificate | undefined): number {
    const { failures, now } = this.#options
    // Short-lived certificates leave no time for long pauses.
    const left = current === undefined ? 0 : current.expires - now()
    const longest = left > 0 ? Math.max(left / 3, 1000) : Infinity
    const notBefore = error instanceof AcmeProblem ? error.retryAt : undefined
    return failures.add(host, now(), longest, notBefore)
  }
}

function toText(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function problemFields(error: unknown): { readonly problem: string; readonly detail: string } {
  const { code, message } = error as NodeJS.ErrnoException
  const problem = error instanceof AcmeProblem ? error.type : code
  return { problem: problem ?? 'unknown', detail: message }
}
