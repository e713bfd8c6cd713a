import { setTimeout as delay } from 'node:timers/promises'
import { RegistryError } from '../../registry/errors.ts'
import { chunksOf } from '../object-store/body.ts'
import { Limiter } from '../object-store/limiter.ts'
import { isPassing, waitBefore } from '../object-store/retrying.ts'
import type { Credentials } from './credentials.ts'
import {
  type Fields,
  fieldsOf,
  GcsFailure,
  type GcsProblem,
  problemOf,
  problemOfAnswer,
  RefusedError,
  withUsualStatus,
} from './errors.ts'
import type { ObserveRequest } from './observe.ts'
import { type Answer, type Outgoing, readBefore, type Transport } from './transport.ts'

/** A request, and what is expected of its answer. */
export interface Asked extends Outgoing {
  /** Statuses that are no failure, besides 2xx. */
  readonly expected?: readonly number[]
  /** Sent without credentials: the URL of an upload is one itself. */
  readonly isOpen?: boolean
}

/** One try of a request, as its maker sees it. */
export interface Attempt {
  readonly signal: AbortSignal
  /** An earlier try may have done what is asked for, for its answer did not come. */
  readonly mayBeDone: boolean
  /** Gives the answer when its headers are there; its body must be read or destroyed. */
  readonly open: (asked: Asked) => Promise<Answer>
  /** Gives the whole answer, which is JSON or nothing. */
  readonly ask: (asked: Asked) => Promise<Said>
}

export interface Said extends Omit<Answer, 'body'> {
  readonly content: Fields
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
  /** Milliseconds; see GcsOptions. */
  readonly patience?: number
  readonly stall?: number
  readonly concurrency?: number
  readonly onRequest?: ObserveRequest
}

const defaultPatience = 30_000
const defaultStall = 30_000
const defaultConcurrency = 50
/** For what says little: headers, links, listings. */
const shortSilence = 15_000
/** Bytes of an answer that is no object: a page of a listing is far smaller. */
const longestAnswer = 16 * 1024 ** 2

/** Sends requests, each with a deadline, and sends them again while that may help. */
export class Requests {
  /** Milliseconds, for what moves bytes or makes the store move them. */
  readonly stall: number
  /** Milliseconds, for pieces of what took long to send. */
  readonly longPatience: number
  readonly credentials: Credentials
  readonly #transport: Transport
  readonly #patience: number
  readonly #limiter: Limiter
  readonly #onRequest: ObserveRequest | undefined
  #clockOffset = 0

  constructor(transport: Transport, credentials: Credentials, settings: RequestSettings = {}) {
    this.#transport = transport
    this.credentials = credentials
    this.stall = settings.stall ?? defaultStall
    this.#patience = settings.patience ?? defaultPatience
    this.longPatience = this.#patience * 4
    this.#limiter = new Limiter(settings.concurrency ?? defaultConcurrency)
    this.#onRequest = settings.onRequest
  }

  /** Milliseconds by which the store's clock is before ours, as its last answer said, to the second. */
  get clockOffset(): number {
    return this.#clockOffset
  }

  /**
   * Sends a request until it succeeds or cannot.
   *
   * @param key what it is about, for logs
   * @param request makes and sends it; must be harmless when repeated, or look at `mayBeDone`
   * @throws GcsFailure
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
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      const outcome = await this.#limiter.run(async () => {
        const began = performance.now()
        const ended = await this.#try(request, silence, mayBeDone, signal)
        const milliseconds = performance.now() - began
        this.#onRequest?.({
          operation,
          key,
          attempt,
          milliseconds,
          ...(ended.problem && { problem: ended.problem }),
        })
        return ended
      })
      if (outcome.problem === undefined) return outcome.output
      signal?.throwIfAborted()
      const { problem } = outcome
      mayBeDone = true
      const wait = waitBefore(problem, attempt, Math.random())
      // A key may have been replaced in its file, and a token taken back before its end.
      const isStale = problem.status === 401 && !isRenewed
      if (!(isStale || isPassing(problem)) || performance.now() - start + wait > total)
        throw new GcsFailure(operation, key, problem)
      if (isStale) {
        isRenewed = true
        // A failure shows when the next request is made.
        await this.credentials.renew().catch(() => undefined)
      }
      await delay(wait, undefined, { ...(signal && { signal }) })
    }
  }

  close(): void {
    this.#transport.close()
  }

  async #try<Output>(
    request: (attempt: Attempt) => Promise<Output>,
    silence: number,
    mayBeDone: boolean,
    outer: AbortSignal | undefined,
  ): Promise<
    | { readonly output: Output; readonly problem?: never }
    | { readonly output?: never; readonly problem: GcsProblem }
  > {
    const controller = new AbortController()
    const { signal } = controller
    const giveUp = (): void => controller.abort()
    const timer = setTimeout(giveUp, silence)
    outer?.addEventListener('abort', giveUp, { once: true })
    try {
      const open = (asked: Asked): Promise<Answer> => this.#open(asked, signal, () => void timer.refresh())
      const ask = async (asked: Asked): Promise<Said> => {
        const { status, headers, body } = await open(asked)
        timer.refresh()
        const text = await readBefore(signal, body, () => textOfBody(body, silence, longestAnswer))
        return { status, headers, content: fieldsOf(text === '' ? {} : JSON.parse(text)) }
      }
      return { output: await request({ signal, mayBeDone, open, ask }) }
    } catch (error) {
      if (isOurs(error)) throw error
      const silent = { code: 'Timeout', message: `no answer within ${silence} ms`, status: undefined }
      const problem = withUsualStatus(problemOf(error))
      return { problem: signal.aborted ? { ...problem, ...silent } : problem }
    } finally {
      clearTimeout(timer)
      outer?.removeEventListener('abort', giveUp)
    }
  }

  async #open(asked: Asked, signal: AbortSignal, progress: () => void): Promise<Answer> {
    const own = asked.isOpen === true ? {} : await this.credentials.headers(signal)
    const outgoing = { ...asked, headers: { ...asked.headers, ...own } }
    const answer = await this.#transport.send(outgoing, signal, progress)
    const { status, headers, body } = answer
    const date = Date.parse(headers.date ?? '')
    if (!Number.isNaN(date)) this.#clockOffset = date - Date.now()
    if ((status >= 200 && status < 300) || asked.expected?.includes(status) === true) return answer
    const read = (): Promise<string> => textOfBody(body, this.stall, 64 * 1024)
    const text = await readBefore(signal, body, read).catch(() => '')
    throw new RefusedError(problemOfAnswer(status, headers, text))
  }
}

/** @param most bytes; of more the answer is none that the store gives */
async function textOfBody(body: Answer['body'], silence: number, most: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(body, silence)) {
    length += chunk.length
    if (length > most) throw new Error(`an answer of more than ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
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
