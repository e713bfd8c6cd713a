import { setTimeout as delay } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Log } from '../../registry/context.ts'
import { before } from '../object-store/before.ts'
import { RegistryError } from '../../registry/errors.ts'
import { within } from '../../util/within.ts'
import { problemOf, S3Failure } from './errors.ts'
import type { RequestProblem } from '../object-store/request-problem.ts'
import type { S3LogLevel } from './log-level.ts'
import { isExpired, isOfOtherKeys, isPassing, waitBefore } from '../object-store/retrying.ts'

/** One request to the store that has ended. */
export interface S3Request {
  /** As S3 names it, such as `PutObject`. */
  readonly operation: string
  readonly key: string
  /** 1, and more when it was tried again. */
  readonly attempt: number
  readonly milliseconds: number
  /** Absent when it succeeded. */
  readonly problem?: RequestProblem
}

export type ObserveRequest = (request: S3Request) => void

/** One try of a request, as its maker sees it. */
export interface Attempt {
  readonly client: S3Client
  readonly signal: AbortSignal
  /** An earlier try may have done what is asked for, for its answer did not come. */
  readonly mayBeDone: boolean
  /** Bytes moved: the time for silence begins anew. */
  progress(): void
}

export interface Patience {
  /** Milliseconds after which a request without progress is given up. */
  readonly silence?: number
  /** Milliseconds after which a failing request is not tried again. */
  readonly total?: number
  /** Ends the request, and the waiting for the next. */
  readonly signal?: AbortSignal
}

export interface RequestSettings {
  /** Milliseconds; see S3Options. */
  readonly patience?: number
  readonly stall?: number
  readonly logLevel?: S3LogLevel
  readonly log?: Log
  readonly onRequest?: ObserveRequest
}

const defaultPatience = 30_000
const defaultStall = 30_000
/** For what says little: headers, links, listings. Ceph's first request of a bucket takes two seconds. */
const shortSilence = 15_000

/** One would do, were it not for requests that were under way together. */
const mostCorrections = 2

/** Sends requests, each with a deadline, and sends them again while that may help. */
export class Requests {
  readonly client: S3Client
  /** Milliseconds, for what moves bytes or makes the store move them. */
  readonly stall: number
  /** Milliseconds, for parts of what took long to send. */
  readonly longPatience: number
  readonly #patience: number
  readonly #settings: RequestSettings

  constructor(client: S3Client, settings: RequestSettings = {}) {
    this.client = client
    this.#settings = settings
    this.stall = settings.stall ?? defaultStall
    this.#patience = settings.patience ?? defaultPatience
    this.longPatience = this.#patience * 4
  }

  /** Milliseconds by which the store's clock is before ours, as its last answer said. */
  get clockOffset(): number {
    return this.client.config.systemClockOffset
  }

  /**
   * Sends a request until it succeeds or cannot.
   *
   * @param key what it is about, for logs
   * @param request makes and sends it; must be harmless when repeated, or look at `mayBeDone`
   * @throws S3Failure
   */
  async send<Output>(
    operation: string,
    key: string,
    request: (attempt: Attempt) => Promise<Output>,
    { silence = Math.min(shortSilence, this.stall), total = this.#patience, signal }: Patience = {},
  ): Promise<Output> {
    const start = performance.now()
    let mayBeDone = false
    let isRenewed = false
    let corrections = 0
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      const began = performance.now()
      const outcome = await this.#try(request, silence, mayBeDone, signal)
      const milliseconds = performance.now() - began
      this.#tell({
        operation,
        key,
        attempt,
        milliseconds,
        ...(outcome.problem && { problem: outcome.problem }),
      })
      if (outcome.problem === undefined) return outcome.output
      signal?.throwIfAborted()
      // A refusal that goes on once the clock is right is one for another reason.
      const isCorrected = outcome.problem.clockCorrected && ++corrections <= mostCorrections
      const problem = { ...outcome.problem, clockCorrected: isCorrected }
      // Whatever it said: some servers refuse what they did.
      mayBeDone = true
      // Keys that were replaced while this process runs, in the file or behind the token that it read them from.
      if (isOfOtherKeys(problem) && !isRenewed) {
        isRenewed = true
        await this.#renewCredentials()
        continue
      }
      const wait = waitBefore(problem, attempt, Math.random())
      if (!isPassing(problem) || performance.now() - start + wait > total)
        throw new S3Failure(operation, key, problem)
      if (isExpired(problem)) await this.#renewCredentials()
      await delay(wait, undefined, { ...(signal && { signal }) })
    }
  }

  async #try<Output>(
    request: (attempt: Attempt) => Promise<Output>,
    silence: number,
    mayBeDone: boolean,
    outer: AbortSignal | undefined,
  ): Promise<
    | { readonly output: Output; readonly problem?: never }
    | { readonly output?: never; readonly problem: RequestProblem }
  > {
    const controller = new AbortController()
    const { signal } = controller
    const giveUp = (): void => controller.abort()
    const timer = setTimeout(giveUp, silence)
    outer?.addEventListener('abort', giveUp, { once: true })
    try {
      const attempt: Attempt = { client: this.client, signal, mayBeDone, progress: () => timer.refresh() }
      // The SDK heeds the signal once it sends; not while it asks somebody for credentials.
      return { output: await before(signal, request(attempt), 'aborted') }
    } catch (error) {
      if (isOurs(error)) throw error
      const problem = problemOf(error)
      const silent = {
        ...problem,
        code: 'Timeout',
        message: `no answer within ${silence} ms`,
        status: undefined,
      }
      return { problem: signal.aborted ? silent : problem }
    } finally {
      clearTimeout(timer)
      outer?.removeEventListener('abort', giveUp)
    }
  }

  /** Keys from the environment or a file may have been replaced, though they did not say when they end. */
  async #renewCredentials(): Promise<void> {
    // A failure shows when the next request is signed.
    const renewed = this.client.config.credentials({ forceRefresh: true })
    await within(shortSilence, renewed, () => new Error('no credentials')).catch(() => undefined)
  }

  #tell(request: S3Request): void {
    const { onRequest, log, logLevel = 'off' } = this.#settings
    onRequest?.(request)
    if (log === undefined || logLevel === 'off') return
    const { operation, key, attempt, milliseconds, problem } = request
    if (logLevel === 'debugwithrequesterrors' && problem === undefined) return
    if (logLevel === 'debugwithrequestretries' && attempt === 1 && problem === undefined) return
    const failed = problem && { error: problem.code, status: problem.status, request: problem.requestId }
    log.info({ operation, key, attempt, ms: Math.round(milliseconds), ...failed }, 'request to S3')
  }
}

/** Bugs, and failures that were made sense of already. */
function isOurs(error: unknown): boolean {
  return (
    error instanceof RegistryError ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError
  )
}
