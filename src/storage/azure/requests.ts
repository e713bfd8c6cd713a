import { setTimeout as delay } from 'node:timers/promises'
import { RegistryError } from '../../registry/errors.ts'
import { isPassing, waitBefore } from '../object-store/retrying.ts'
import { AzureFailure, type AzureProblem, dateOf, problemOf } from './errors.ts'

/** One request to the store that has ended. */
export interface AzureRequest {
  /** As Azure names it, such as `Put Blob`. */
  readonly operation: string
  readonly key: string
  /** 1, and more when it was tried again. */
  readonly attempt: number
  readonly milliseconds: number
  /** Absent when it succeeded. */
  readonly problem?: AzureProblem
}

export type ObserveRequest = (request: AzureRequest) => void

/** One try of a request, as its maker sees it. */
export interface Attempt {
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
  /** Milliseconds; see AzureOptions. */
  readonly patience?: number
  readonly stall?: number
  readonly onRequest?: ObserveRequest
}

const defaultPatience = 30_000
const defaultStall = 30_000
/** For what says little: properties, links, listings. */
const shortSilence = 15_000
/** The target of a copy that the store has not ended yet takes nothing else. */
const passing: ReadonlySet<string> = new Set(['PendingCopyOperation', 'OperationTimedOut', 'ServerBusy'])

/** Sends requests, each with a deadline, and sends them again while that may help. */
export class Requests {
  /** Milliseconds, for what moves bytes or makes the store move them. */
  readonly stall: number
  /** Milliseconds, for blocks of what took long to send. */
  readonly longPatience: number
  readonly #patience: number
  readonly #onRequest: ObserveRequest | undefined
  #clockOffset = 0

  constructor(settings: RequestSettings = {}) {
    this.#onRequest = settings.onRequest
    this.stall = settings.stall ?? defaultStall
    this.#patience = settings.patience ?? defaultPatience
    this.longPatience = this.#patience * 4
  }

  /** Milliseconds by which the store's clock is before ours, as its last answer said; exact to a second. */
  get clockOffset(): number {
    return this.#clockOffset
  }

  /**
   * Sends a request until it succeeds or cannot.
   *
   * @param key what it is about, for logs
   * @param request makes and sends it; must be harmless when repeated, or look at `mayBeDone`
   * @throws AzureFailure
   */
  async send<Output>(
    operation: string,
    key: string,
    request: (attempt: Attempt) => Promise<Output>,
    { silence = Math.min(shortSilence, this.stall), total = this.#patience, signal }: Patience = {},
  ): Promise<Output> {
    const start = performance.now()
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      const began = performance.now()
      // Whatever an earlier one said: what refused may have done it.
      const outcome = await this.#try(request, silence, attempt > 1, signal)
      const milliseconds = performance.now() - began
      const { problem } = outcome
      this.#onRequest?.({ operation, key, attempt, milliseconds, ...(problem && { problem }) })
      if (problem === undefined) return outcome.output
      signal?.throwIfAborted()
      const wait = waitBefore(problem, attempt, Math.random())
      const mayPass = isPassing(problem) || passing.has(problem.code)
      if (!mayPass || performance.now() - start + wait > total)
        throw new AzureFailure(operation, key, problem)
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
    | { readonly output?: never; readonly problem: AzureProblem }
  > {
    const controller = new AbortController()
    const { signal } = controller
    const giveUp = (): void => controller.abort()
    const timer = setTimeout(giveUp, silence)
    outer?.addEventListener('abort', giveUp, { once: true })
    try {
      const output = await request({ signal, mayBeDone, progress: () => timer.refresh() })
      this.#learnTime(output)
      return { output }
    } catch (error) {
      if (isOurs(error)) throw error
      this.#learnTime(error)
      const problem = problemOf(error)
      if (!signal.aborted) return { problem }
      const message = `no answer within ${silence} ms`
      return { problem: { ...problem, code: 'Timeout', message, status: undefined } }
    } finally {
      clearTimeout(timer)
      outer?.removeEventListener('abort', giveUp)
    }
  }

  #learnTime(outcome: unknown): void {
    const date = dateOf(outcome)
    if (date !== undefined) this.#clockOffset = date.getTime() - Date.now()
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
