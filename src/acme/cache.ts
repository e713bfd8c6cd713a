import type { HostName } from './host-name.ts'

/**
 * Keeps the account's key and the certificates. The names are those of Go's autocert, which Distribution 3 uses: a host's is the
 * name of its certificate, and those of the rest stand below. Several processes may share one.
 */
export interface CertificateCache {
  /** @returns undefined when there is nothing of that name */
  read(name: string): Promise<string | undefined>
  /** In one step, durably. */
  write(name: string, content: string): Promise<void>
  /**
   * Challenges that are pending, for the other processes that share the cache, any of which the authority may ask. Absent when
   * nobody shares it.
   */
  readonly challenges?: SharedChallenges
}

/** They need not survive anything: whoever fails to see one fails an order, which is tried again. */
export interface SharedChallenges {
  put(name: string, content: string): Promise<void>
  remove(name: string): Promise<void>
  /** Whether a tls-alpn-01 challenge of any process is pending. */
  isAnyPending(): Promise<boolean>
}

export const accountKeyName = 'acme_account+key'

/** What older versions of autocert call it. */
export const oldAccountKeyName = 'acme_account.key'

/** Of the certificate that answers a tls-alpn-01 challenge. */
export function challengeName(host: HostName): string {
  return `${host}+token`
}

/** Of what answers an http-01 challenge. The caller has checked that a token of base64url is all it is. */
export function http01Name(token: string): string {
  return `${token}+http-01`
}
