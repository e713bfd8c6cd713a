import { readFile } from 'node:fs/promises'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { AcmeCertificates } from '../acme/acme-certificates.ts'
import type { Config, HttpConfig, LetsEncryptConfig } from '../config/config.ts'
import { ChallengeListener } from '../server/challenge-listener.ts'
import type { TlsListenerOptions } from '../server/listener-options.ts'
import { parseCertificates } from '../tls/parse.ts'
import { trustAnchor } from '../tls/trust-anchor.ts'
import type { Logger } from '../util/logger.ts'
import { admission, handshakeLog, policyOf } from './file-tls.ts'
import type { Peers } from './peers.ts'
import type { Tls } from './tls.ts'

type UseContext = (context: SecureContextOptions) => void

/** Certificates of Let's Encrypt, or of whoever else speaks ACME (RFC 8555). */
export class AcmeTls implements Tls {
  readonly options: TlsListenerOptions
  readonly #certificates: AcmeCertificates
  readonly #challenges: ChallengeListener | undefined
  readonly #context: AcmeContext
  readonly #asksClients: boolean

  private constructor(
    http: HttpConfig,
    certificates: AcmeCertificates,
    context: AcmeContext,
    log: Logger,
    ticketSecret: string | undefined,
  ) {
    const { clientcas, clientauth, letsencrypt } = http.tls
    this.#certificates = certificates
    this.#context = context
    this.#asksClients = clientcas.length > 0
    this.#challenges = challengeListener(http, letsencrypt, certificates)
    this.options = {
      options: {
        ...context.options,
        SNICallback: (name, done) => {
          void answerTo(certificates.secureContext(name), done)
        },
      },
      ticketSecret,
      failed: handshakeLog(log),
      accept: (socket, next) => certificates.accept(socket, next),
      ...(clientcas.length > 0 && { admits: admission(clientauth, log) }),
    }
  }

  /** @throws Error of one line */
  static async open(
    http: HttpConfig,
    version: string,
    log: Logger,
    peers?: Pick<Peers, 'orders' | 'secret'>,
  ): Promise<AcmeTls> {
    const { cachefile = '', email, hosts, directoryurl, http01addr } = http.tls.letsencrypt
    const context = new AcmeContext({ ...policyOf(http.tls), ca: await authorities(http.tls.clientcas) })
    const certificates = await AcmeCertificates.open({
      cache: cachefile,
      ...(email !== undefined && { email }),
      hosts,
      ...(directoryurl !== undefined && { directoryUrl: directoryurl }),
      http01: http01addr !== undefined,
      userAgent: `berth/${version}`,
      log,
      ...(peers !== undefined && { orders: peers.orders }),
      contextOptions: () => context.options,
      onFirstHost: (certificate) => context.useFirst(certificate),
    })
    return new AcmeTls(http, certificates, context, log, peers?.secret)
  }

  certificates(): Iterable<readonly [host: string, milliseconds: number]> {
    return this.#certificates.certificates().map(({ host, expires }) => [host, expires.getTime()] as const)
  }

  /** What a handshake would do: it takes what is there, or orders it. */
  readonly certificateFor = async (host: string): Promise<void> => {
    await this.#certificates.secureContext(host)
  }

  async start(onContext: UseContext): Promise<void> {
    this.#context.start(onContext)
    await this.#challenges?.start()
    this.#certificates.start()
  }

  async prepare({ http }: Config): Promise<() => void> {
    // Whether clients are asked for certificates was settled at the start.
    if (http.tls.clientcas.length > 0 !== this.#asksClients) return () => {}
    const ca = await authorities(http.tls.clientcas)
    return () => this.#context.useAuthorities(ca)
  }

  async stop(): Promise<void> {
    await this.#challenges?.stop()
    await this.#certificates.stop()
  }
}

/** What all contexts have in common, and the one for clients that name no host. */
class AcmeContext {
  options: SecureContextOptions
  #first: { readonly key: string; readonly cert: string } | undefined
  #onContext: UseContext | undefined

  constructor(options: SecureContextOptions) {
    this.options = options
  }

  start(onContext: UseContext): void {
    this.#onContext = onContext
    this.#apply()
  }

  useFirst(certificate: { readonly key: string; readonly cert: string }): void {
    this.#first = certificate
    this.#apply()
  }

  useAuthorities(ca: string[]): void {
    this.options = { ...this.options, ca }
    // Also before there is a first certificate: sessions of clients that other authorities vouched for end by it.
    this.#onContext?.({ ...this.options, ...this.#first })
  }

  #apply(): void {
    if (this.#first !== undefined) this.#onContext?.({ ...this.options, ...this.#first })
  }
}

async function answerTo(
  found: Promise<SecureContext>,
  done: (error: Error | null, context?: SecureContext) => void,
): Promise<void> {
  let context: SecureContext
  try {
    context = await found
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
    return
  }
  done(null, context)
}

function challengeListener(
  { host }: HttpConfig,
  { http01addr }: LetsEncryptConfig,
  certificates: AcmeCertificates,
): ChallengeListener | undefined {
  if (http01addr === undefined) return undefined
  return new ChallengeListener({
    address: http01addr,
    answer: (token) => certificates.http01(token),
    origin: host === undefined ? undefined : new URL(host).origin,
  })
}

/** Those whose certificates clients may bring, as PEM. Never undefined: Node would trust all public ones. */
async function authorities(paths: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) {
    try {
      found.push(...parseCertificates(await readFile(path)).map(trustAnchor))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`http.tls.clientcas: ${path}: ${reason}`, { cause: error })
    }
  }
  return found
}
