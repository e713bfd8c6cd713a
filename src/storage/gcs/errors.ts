import type { IncomingHttpHeaders } from 'node:http'
import { RegistryError } from '../../registry/errors.ts'
import type { RequestProblem } from '../object-store/request-problem.ts'

/** What can be known of a failed request; `code` is Google's reason, such as `rateLimitExceeded`, or the errno. */
export type GcsProblem = RequestProblem

/** An answer that says no. */
export class RefusedError extends Error {
  readonly problem: GcsProblem

  constructor(problem: GcsProblem) {
    super(problem.message)
    this.problem = problem
  }
}

/** Where neither the clock nor a region has to do with it. */
const plain = { clockCorrected: false, region: undefined } as const

/** Reads an answer that says no: https://cloud.google.com/storage/docs/json_api/v1/status-codes; XML and plain text occur, too. */
export function problemOfAnswer(status: number, headers: IncomingHttpHeaders, body: string): GcsProblem {
  const error = fieldsOf(fieldsOf(parse(body))['error'])
  const [first] = Array.isArray(error['errors']) ? (error['errors'] as unknown[]) : []
  const reason = textOf(fieldsOf(first)['reason']) ?? /<Code>([^<]{1,100})<\/Code>/.exec(body)?.[1]
  const text = textOf(error['message']) ?? /<Message>([^<]{1,1000})<\/Message>/.exec(body)?.[1] ?? body
  return {
    ...plain,
    code: reason ?? `status${status}`,
    status,
    message: text.replaceAll(/\s+/g, ' ').trim().slice(0, 1_000),
    requestId: textOf(headers['x-guploader-uploadid']),
    retryAfter: retryAfterOf(headers['retry-after']),
  }
}

/** Reads any error. The credentials' errors hold requests with keys and tokens, so that they themselves must not be logged. */
export function problemOf(error: unknown): GcsProblem {
  if (error instanceof RefusedError) return error.problem
  const fields = fieldsOf(error)
  const response = fieldsOf(fields['response'])
  const status = typeof response['status'] === 'number' ? response['status'] : undefined
  return {
    ...plain,
    code: textOf(fields['code']) ?? textOf(fields['name']) ?? 'Error',
    status,
    message: (textOf(fields['message']) ?? String(error)).replaceAll(/\s+/g, ' ').slice(0, 1_000),
    requestId: undefined,
    retryAfter: undefined,
  }
}

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Seconds, or a date: RFC 9110, section 10.2.3. */
function retryAfterOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0)
}

/** Limits on rates that come with a status of another meaning. */
const rates: ReadonlySet<string> = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'backendError',
  'SlowDown',
])

/** The same problem, with the status that such a problem mostly has. */
export function withUsualStatus(problem: GcsProblem): GcsProblem {
  return rates.has(problem.code) && problem.status !== undefined && problem.status < 429
    ? { ...problem, status: 429 }
    : problem
}

/** The failure of a request as the registry knows it. Its cause is a line for the log, without anything secret. */
export class GcsFailure extends RegistryError {
  readonly problem: GcsProblem

  constructor(operation: string, key: string, problem: GcsProblem) {
    const { code, status, message, requestId, retryAfter } = problem
    const facts = [
      ...(status === undefined ? [] : [`status ${status}`]),
      ...(requestId === undefined ? [] : [`request ${requestId}`]),
    ]
    const said = message === code || message === '' ? '' : `: ${message}`
    const isFull = status === 507 || code === 'quotaExceeded'
    super(isFull ? 'STORAGE_FULL' : 'STORAGE_UNAVAILABLE', {
      cause: new Error(
        `GCS ${operation} ${JSON.stringify(key)}: ${code}${said}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`,
      ),
      ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) }),
    })
    this.problem = problem
  }
}

/** No such object. That there is no such bucket is another matter. */
export function isAbsent(error: unknown): boolean {
  return error instanceof GcsFailure && error.problem.status === 404 && !isNoBucket(error.problem)
}

export function isNoBucket({ status, message, code }: GcsProblem): boolean {
  return status === 404 && (code === 'NoSuchBucket' || /bucket does not exist/i.test(message))
}

/** The condition of a write did not hold. */
export function isPreconditionFailed(error: unknown): boolean {
  return error instanceof GcsFailure && error.problem.status === 412
}
