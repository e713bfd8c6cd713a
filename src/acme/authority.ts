import type { KeyObject } from 'node:crypto'
import type { Authorization, Client, Order } from 'acme-client'
import type * as AcmeClient from 'acme-client'
import { accountKeyName, oldAccountKeyName, type CertificateCache } from './cache.ts'
import { generateKey, keyToPem } from './certificate.ts'
import type { Challenges } from './challenges.ts'
import type { HostName } from './host-name.ts'
import { setHttp } from './http-settings.ts'
import { pollUntil, unlessAborted } from './poll.ts'
import { AcmeProblem, toProblem } from './problem.ts'

export interface AuthorityOptions {
  readonly directoryUrl: string
  readonly email: string | undefined
  readonly cache: CertificateCache
  readonly challenges: Challenges
  /** Whether http-01 challenges can be answered too. */
  readonly http01: boolean
  readonly userAgent: string
  readonly ca: string | undefined
}

type ChallengeType = 'tls-alpn-01' | 'http-01'

/** Who is connected, and how. */
interface Session {
  readonly acme: typeof AcmeClient
  readonly client: Client
  /** Ends its connections. */
  readonly disconnect: () => void
}

/** An ACME certificate authority (RFC 8555), such as Let's Encrypt. */
export class Authority {
  readonly #options: AuthorityOptions
  #session: Promise<Session> | undefined
  /** In the order in which they are tried; what succeeded last is tried first. */
  #challengeTypes: readonly ChallengeType[]

  constructor(options: AuthorityOptions) {
    this.#options = options
    this.#challengeTypes = options.http01 ? ['tls-alpn-01', 'http-01'] : ['tls-alpn-01']
  }

  /**
   * Orders a certificate, and proves that the host is ours. The first order of a process opens the account, which accepts the
   * authority's terms of service, as Distribution does.
   *
   * @returns the chain, PEM
   * @throws AcmeProblem, or an error of the connection
   */
  async order(host: HostName, key: KeyObject, signal: AbortSignal): Promise<string> {
    try {
      return await this.#order(host, key, signal)
    } catch (error) {
      // It has lost our account, which its key opens anew.
      if (!(error instanceof AcmeProblem && error.is('accountDoesNotExist'))) throw error
      await this.close()
      return await this.#order(host, key, signal)
    }
  }

  /** Ends its connections, requests in flight too. */
  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    const { disconnect } = (await session?.catch(() => undefined)) ?? {}
    disconnect?.()
  }

  async #order(host: HostName, key: KeyObject, signal: AbortSignal): Promise<string> {
    const session = await this.#connected(signal)
    const { acme, client } = session
    const order = await this.#authorized(session, host, signal)
    const pkcs8 = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const [, request] = await acme.crypto.createCsr({ altNames: [host] }, pkcs8)
    const ready = await pollUntil(
      () => client.getOrder(order),
      ({ status }) => status !== 'pending',
      signal,
    )
    if (ready.status === 'ready') await unlessAborted(client.finalizeOrder(order, request), signal)
    const finished = await pollUntil(
      () => client.getOrder(order),
      ({ status }) => status === 'valid' || status === 'invalid',
      signal,
    )
    if (finished.status !== 'valid') throw toProblem(finished.error, 'the authority refuses the order')
    return await unlessAborted(client.getCertificate(finished), signal)
  }

  /** @returns an order whose host we have proven to be ours */
  async #authorized(session: Session, host: HostName, signal: AbortSignal): Promise<Order> {
    const failures: Failure[] = []
    for (const type of this.#challengeTypes) {
      // An order ends with the failure of one challenge.
      const order = await unlessAborted(
        session.client.createOrder({ identifiers: [{ type: 'dns', value: host }] }),
        signal,
      )
      try {
        const isProven = await this.#prove(session, order, host, type, signal)
        if (isProven) this.#challengeTypes = [type, ...this.#challengeTypes.filter((other) => other !== type)]
        return order
      } catch (error) {
        if (signal.aborted) throw error
        failures.push({ type, error })
      }
    }
    throw oneOf(failures)
  }

  /** @returns false when there was nothing to prove, for authorities remember */
  async #prove(
    { acme, client }: Session,
    order: Order,
    host: HostName,
    type: ChallengeType,
    signal: AbortSignal,
  ): Promise<boolean> {
    const [authorization] = await unlessAborted(client.getAuthorizations(order), signal)
    if (authorization === undefined) throw new AcmeProblem(undefined, 'the order has no authorization')
    if (authorization.status === 'valid') return false
    const challenge = authorization.challenges.find((offered) => (offered.type as string) === type)
    if (challenge === undefined) {
      await client.deactivateAuthorization(authorization).catch(() => {})
      throw new AcmeProblem(undefined, 'the authority does not offer it')
    }
    const answer = await client.getChallengeKeyAuthorization(challenge)
    const withdraw = await this.#present(acme, authorization, host, type, challenge.token, answer)
    try {
      await unlessAborted(client.completeChallenge(challenge), signal)
      const [outcome] = await pollUntil(
        () => client.getAuthorizations(order),
        ([{ status } = authorization]) => status !== 'pending',
        signal,
      )
      if (outcome?.status !== 'valid') throw problemOf(outcome, type)
      return true
    } finally {
      await withdraw()
    }
  }

  async #present(
    acme: typeof AcmeClient,
    authorization: Authorization,
    host: HostName,
    type: ChallengeType,
    token: string,
    answer: string,
  ): Promise<() => Promise<void>> {
    const { challenges } = this.#options
    if (type === 'http-01') return await challenges.presentHttp01(token, answer)
    const key = await generateKey()
    const pkcs8 = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const [, certificate] = await acme.crypto.createAlpnCertificate(authorization, answer, pkcs8)
    return await challenges.presentTlsAlpn01(host, { key: keyToPem(key), chain: certificate.toString() })
  }

  async #connected(signal: AbortSignal): Promise<Session> {
    this.#session ??= this.#connect(signal)
    try {
      return await this.#session
    } catch (error) {
      this.#session = undefined
      throw error
    }
  }

  async #connect(signal: AbortSignal): Promise<Session> {
    const { directoryUrl, email, userAgent, ca } = this.#options
    // Only now: whoever orders nothing need not load it.
    const acme = await import('acme-client')
    const accountKey = await this.#accountKey()
    const disconnect = setHttp(acme.axios, { userAgent, ...(ca !== undefined && { ca }) })
    try {
      const client = new acme.Client({ directoryUrl, accountKey })
      await unlessAborted(openAccount(client, email), signal)
      return { acme, client, disconnect }
    } catch (error) {
      disconnect()
      throw error
    }
  }

  async #accountKey(): Promise<string> {
    const { cache } = this.#options
    const kept = (await cache.read(accountKeyName)) ?? (await cache.read(oldAccountKeyName))
    if (kept !== undefined) return kept
    const key = keyToPem(await generateKey())
    await cache.write(accountKeyName, key)
    // Another process may have written its own at the same time.
    return (await cache.read(accountKeyName)) ?? key
  }
}

/** Finds the account of our key, or makes it. What is there stays as it is, with Distribution too. */
async function openAccount(client: Client, email: string | undefined): Promise<void> {
  try {
    // Not at once with what a new one needs: acme-client would send that as a change of the old one, which not all permit.
    await client.createAccount({ onlyReturnExisting: true })
  } catch (error) {
    if (!(error instanceof AcmeProblem && error.is('accountDoesNotExist'))) throw error
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] }
    await client.createAccount({ termsOfServiceAgreed: true, ...contact })
  }
}

/** What came of one challenge. */
interface Failure {
  readonly type: ChallengeType
  readonly error: unknown
}

/** All of them as one, for the last one tried need not be the one that should have succeeded. */
function oneOf(failures: readonly Failure[]): unknown {
  const [first, ...others] = failures
  if (others.length === 0) return first?.error
  const details = failures.map(({ type, error }) => `${type}: ${error instanceof Error ? error.message : ''}`)
  const problems = failures.map(({ error }) => error).filter((error) => error instanceof AcmeProblem)
  const retryAt = Math.max(0, ...problems.map((problem) => problem.retryAt ?? 0))
  return new AcmeProblem(problems[0]?.type, details.join('; '), retryAt)
}

function problemOf(authorization: Authorization | undefined, type: ChallengeType): AcmeProblem {
  const failed = authorization?.challenges.find(({ error }) => error !== undefined)
  return toProblem(
    failed?.error,
    `the authority says no to the ${type} challenge: ${authorization?.status ?? 'no authorization'}`,
  )
}
