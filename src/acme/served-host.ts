import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Certificate } from './certificate.ts'
import type { HostName } from './host-name.ts'

/** The certificate of a host that is in use. */
export class ServedHost {
  readonly host: HostName
  readonly certificate: Certificate
  /** Milliseconds since 1970; Infinity while that is under way. */
  renewAt: number
  #made: { readonly options: SecureContextOptions; readonly context: SecureContext } | undefined

  constructor(host: HostName, certificate: Certificate, renewAt: number) {
    this.host = host
    this.certificate = certificate
    this.renewAt = renewAt
  }

  /** @param now milliseconds since 1970 */
  hasExpired(now: number): boolean {
    return this.certificate.expires <= now
  }

  /** @param options what else it is made of; for another object it is made anew */
  context(options: SecureContextOptions): SecureContext {
    if (this.#made?.options !== options) {
      const { key, chain } = this.certificate
      this.#made = { options, context: createSecureContext({ ...options, key, cert: chain }) }
    }
    return this.#made.context
  }
}
