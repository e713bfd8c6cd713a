import type { SecureContextOptions } from 'node:tls'
import type { Config } from '../config/config.ts'
import type { TlsListenerOptions } from '../server/listener-options.ts'

/** Where the certificates of the main listener come from. */
export interface Tls {
  readonly options: TlsListenerOptions
  /** The end of the certificate that everybody gets, in milliseconds since 1970; absent when it depends on the name. */
  readonly expires?: number
  /** The certificates that were ordered, by host, each with its end. */
  readonly certificates?: () => Iterable<readonly [host: string, milliseconds: number]>
  /**
   * Sees to it that the cache has a certificate for a host that a client named.
   *
   * @throws Error of one line
   */
  readonly certificateFor?: (host: string) => Promise<void>
  /** @param onContext takes other certificates into use */
  start(onContext: (context: SecureContextOptions) => void): Promise<void>
  /**
   * Reads what another configuration names.
   *
   * @returns takes it into use
   * @throws Error of one line
   */
  prepare(config: Config): Promise<() => void>
  stop(): Promise<void>
}
