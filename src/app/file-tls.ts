import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { ClientAuth, Config, TlsConfig } from '../config/config.ts'
import type { TlsListenerOptions } from '../server/listener-options.ts'
import { clientRefusal } from '../tls/client-check.ts'
import { loadCertificates, type LoadedCertificates } from '../tls/load.ts'
import { policyOptions, type PolicyOptions } from '../tls/policy.ts'
import { CertificateWatcher } from '../tls/watcher.ts'
import type { Logger } from '../util/logger.ts'
import type { Tls } from './tls.ts'

/** Certificates from files, followed as the files change. */
export class FileTls implements Tls {
  readonly #config: TlsConfig
  readonly #policy: PolicyOptions
  readonly #log: Logger
  readonly #ticketSecret: string | undefined
  #watcher: CertificateWatcher
  #onContext: (context: SecureContextOptions) => void = () => {}

  private constructor(
    config: TlsConfig,
    policy: PolicyOptions,
    loaded: LoadedCertificates,
    log: Logger,
    ticketSecret: string | undefined,
  ) {
    this.#ticketSecret = ticketSecret
    this.#config = config
    this.#policy = policy
    this.#log = log
    this.#watcher = this.#watch(loaded)
  }

  /**
   * @param ticketSecret of all processes that serve the same
   * @throws Error of one line
   */
  static async open(config: TlsConfig, log: Logger, ticketSecret?: string): Promise<FileTls> {
    const loaded = await loadCertificates(filesOf(config))
    return new FileTls(config, policyOf(config), loaded, log, ticketSecret)
  }

  /** For the listener. */
  get options(): TlsListenerOptions {
    const { clientcas, clientauth } = this.#config
    return {
      options: { ...this.#policy, ...this.#watcher.current.context },
      ticketSecret: this.#ticketSecret,
      failed: handshakeLog(this.#log),
      ...(clientcas.length > 0 && { admits: admission(clientauth, this.#log) }),
    }
  }

  get expires(): number {
    return this.#watcher.current.expires.getTime()
  }

  /** @param onContext takes new certificates into use */
  async start(onContext: (context: SecureContextOptions) => void): Promise<void> {
    this.#onContext = onContext
    this.#watcher.start()
  }

  /**
   * Reads the files that another configuration names.
   *
   * @returns takes them into use
   * @throws Error of one line
   */
  async prepare({ http }: Config): Promise<() => void> {
    if (http.tls.certificate === undefined) return () => {}
    const hasClients = http.tls.clientcas.length > 0
    const hadClients = this.#config.clientcas.length > 0
    // Whether clients are asked for certificates was settled at the start: till then, by the authorities of then.
    const clientCas = hasClients === hadClients ? http.tls.clientcas : this.#watcher.current.files.clientCas
    const files = { ...filesOf(http.tls), clientCas }
    let loaded: LoadedCertificates
    try {
      loaded = await loadCertificates(files)
    } catch (error) {
      // They may have expired in use: no reason to refuse all else that the configuration says.
      const isSame = JSON.stringify(files) === JSON.stringify(this.#watcher.current.files)
      if (isSame && (await this.#watcher.isCurrent())) return () => {}
      throw error
    }
    return () => {
      this.#watcher.stop()
      this.#watcher = this.#watch(loaded)
      this.#use(loaded)
      this.#watcher.start()
    }
  }

  async stop(): Promise<void> {
    this.#watcher.stop()
  }

  #watch(loaded: LoadedCertificates): CertificateWatcher {
    return new CertificateWatcher(loaded, this.#log, { onChange: (changed) => this.#use(changed) })
  }

  #use(loaded: LoadedCertificates): void {
    this.#onContext({ ...this.#policy, ...loaded.context })
  }
}

/** Lets clients in by their certificates. An operator learns at level debug why one was not. */
export function admission(clientAuth: ClientAuth, log: Logger): (socket: TLSSocket) => boolean {
  return (socket) => {
    const reason = clientRefusal(socket, clientAuth)
    if (reason === undefined) return true
    log.debug({ remote: socket.remoteAddress, reason }, 'client refused by its certificate')
    return false
  }
}

/**
 * Tells of handshakes that failed. Most are of scanners and of clients that do not trust the certificate, hence at level debug; but
 * that a host's certificate cannot be had is the operator's to know.
 */
export function handshakeLog(log: Logger): NonNullable<TlsListenerOptions['failed']> {
  return ({ remoteAddress, authorizationError }, { code, message }) => {
    // For a certificate that is not good enough Node says only that the connection was reset.
    const cause: unknown = authorizationError
    const fields = { remote: remoteAddress, reason: typeof cause === 'string' ? cause : message }
    if (code === 'CERTIFICATE_UNAVAILABLE') log.info(fields, 'no certificate for a client')
    else log.debug(fields, 'tls handshake failed')
  }
}

/** What `http.tls` says besides the certificates. */
export function policyOf({ minimumtls, ciphersuites, clientauth, clientcas }: TlsConfig): PolicyOptions {
  return policyOptions(
    { minimum: minimumtls, cipherSuites: ciphersuites, clientAuth: clientauth },
    clientcas.length > 0,
  )
}

function filesOf({
  certificate = '',
  key = '',
  clientcas,
}: TlsConfig): Parameters<typeof loadCertificates>[0] {
  return { certificate, key, clientCas: clientcas }
}
