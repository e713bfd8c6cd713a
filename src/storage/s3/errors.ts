import type { RequestProblem } from '../object-store/request-problem.ts'
import { RegistryError } from '../../registry/errors.ts'

/** Reads an error of the SDK. Its fields hold access keys and signatures, so that the error itself must not be logged. */
export function problemOf(error: unknown): RequestProblem {
  const fields = fieldsOf(error)
  const metadata = fieldsOf(fields['$metadata'])
  const response = fieldsOf(fields['$response'])
  const headers = fieldsOf(response['headers'])
  const status = numberOf(metadata['httpStatusCode']) ?? numberOf(response['statusCode'])
  const name = textOf(fields['name']) ?? 'Error'
  return {
    code: (status === undefined ? textOf(fields['code']) : undefined) ?? textOf(fields['Code']) ?? name,
    status,
    message: textOf(fields['message']) ?? String(error),
    requestId: textOf(metadata['requestId']),
    retryAfter: retryAfterOf(textOf(headers['retry-after'])),
    clockCorrected:
      metadata['clockSkewCorrected'] === true && isOfSignature(status, textOf(fields['Code']) ?? ''),
    region: textOf(headers['x-amz-bucket-region']) ?? textOf(fields['Region']),
  }
}

/** With a clock minutes off the SDK says of every error that it has set it right, also of an object that is not there. */
function isOfSignature(status: number | undefined, code: string): boolean {
  // The answer to a HEAD says no more than the status.
  return status === 403 ? code === '' || ofTime.has(code) : ofTime.has(code)
}

/** What S3 says of a signature of another time. */
const ofTime: ReadonlySet<string> = new Set([
  'RequestTimeTooSkewed',
  'RequestExpired',
  'RequestInTheFuture',
  'SignatureDoesNotMatch',
])

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}

/** Seconds, or a date: RFC 9110, section 10.2.3. */
function retryAfterOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0)
}

const full: ReadonlySet<string> = new Set([
  'QuotaExceeded',
  'InsufficientStorage',
  'InsufficientCapacity',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
])

/** The failure of a request as the registry knows it. Its cause is a line for the log, without the SDK's error: see `problemOf`. */
export class S3Failure extends RegistryError {
  readonly problem: RequestProblem

  constructor(operation: string, key: string, problem: RequestProblem) {
    const { code, status, message, requestId, retryAfter } = problem
    const isFull = full.has(code) || status === 507
    const facts = [
      ...(status === undefined ? [] : [`status ${status}`]),
      ...(requestId === undefined ? [] : [`request ${requestId}`]),
    ]
    const said = message === code || message === '' ? '' : `: ${message}`
    super(isFull ? 'STORAGE_FULL' : 'STORAGE_UNAVAILABLE', {
      cause: new Error(
        `S3 ${operation} ${JSON.stringify(key)}: ${code}${said}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`,
      ),
      ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) }),
    })
    this.problem = problem
  }
}

/** No such object. That there is no such bucket is another matter. */
export function isAbsent(error: unknown): boolean {
  return error instanceof S3Failure && error.problem.status === 404 && isOf(error, 'NoSuchKey', 'NotFound')
}

/** The condition of a write did not hold. */
export function isPreconditionFailed(error: unknown): boolean {
  return error instanceof S3Failure && (error.problem.status === 412 || isOf(error, 'PreconditionFailed'))
}

export function isOf(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof S3Failure && codes.includes(error.problem.code)
}
