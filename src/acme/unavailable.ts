import type { HostName } from './host-name.ts'

/** Why a client gets no certificate, in one line. It is a client's doing more often than not, so nobody has logged it. */
export class Unavailable extends Error {
  readonly code = 'CERTIFICATE_UNAVAILABLE'
  /** Milliseconds since 1970: when an order is tried again. */
  readonly retryAt: number | undefined

  private constructor(
    message: string,
    options: { readonly retryAt?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'Unavailable'
    this.retryAt = options.retryAt
  }

  static noHost(serverName: string): Unavailable {
    return new Unavailable(
      `the client asks for ${JSON.stringify(serverName.slice(0, 300))}, which is no DNS name`,
    )
  }

  static notListed(host: HostName): Unavailable {
    return new Unavailable(`${host} is not listed in http.tls.letsencrypt.hosts`)
  }

  static tooMany(host: HostName): Unavailable {
    return new Unavailable(
      `${host} is one new host too many; list those that are served in http.tls.letsencrypt.hosts`,
    )
  }

  static failedBefore(host: HostName, retryAt: number): Unavailable {
    const when = new Date(retryAt).toISOString()
    return new Unavailable(`the last order for ${host} failed; the next one is tried at ${when}`, { retryAt })
  }

  static failed(host: HostName, cause: unknown, retryAt: number): Unavailable {
    return new Unavailable(`the order for ${host} failed`, { cause, retryAt })
  }

  /** @param cause what the process that orders says */
  static elsewhere(host: HostName, cause: unknown): Unavailable {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new Unavailable(`${host} has no certificate: ${reason}`, { cause })
  }

  static notYet(host: HostName): Unavailable {
    return new Unavailable(`another process has not put a certificate for ${host} into the cache yet`)
  }

  static stopped(): Unavailable {
    return new Unavailable('this process is ending')
  }
}
