import { RegistryError } from '../../registry/errors.ts'
import type { RequestProblem } from '../object-store/request-problem.ts'

/** What can be known of a failed request. `code` is Azure's, such as `BlobNotFound`, or the errno or the name of the error. */
export interface AzureProblem extends RequestProblem {
  /** What the store was told when it asked for the source of a copy. */
  readonly sourceStatus: number | undefined
}

/** Reads an error of the SDK. Its fields hold signatures, so that the error itself must not be logged. */
export function problemOf(error: unknown): AzureProblem {
  const fields = fieldsOf(error)
  const headers = headersOf(fieldsOf(fields['response'])['headers'])
  const status = numberOf(fields['statusCode'])
  const [message = ''] = (textOf(fields['message']) ?? String(error)).split(/\r?\n/)
  return {
    code: headers('x-ms-error-code') ?? textOf(fields['code']) ?? textOf(fields['name']) ?? 'Error',
    status,
    message: message.slice(0, 500),
    requestId: headers('x-ms-request-id'),
    retryAfter: retryAfterOf(headers('x-ms-retry-after-ms'), headers('retry-after')),
    clockCorrected: false,
    region: undefined,
    sourceStatus: numberOf(Number(headers('x-ms-copy-source-status-code'))),
  }
}

/** When the store answered, by its clock. */
export function dateOf(outcome: unknown): Date | undefined {
  const fields = fieldsOf(outcome)
  if (fields['date'] instanceof Date) return fields['date']
  const time = Date.parse(headersOf(fieldsOf(fields['response'])['headers'])('date') ?? '')
  return Number.isNaN(time) ? undefined : new Date(time)
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function headersOf(value: unknown): (name: string) => string | undefined {
  const get = fieldsOf(value)['get']
  return (name) => (typeof get === 'function' ? textOf(get.call(value, name)) : undefined)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}

/** Milliseconds, of Azure's own header or of seconds or a date: RFC 9110, section 10.2.3. */
function retryAfterOf(own: string | undefined, usual: string | undefined): number | undefined {
  if (own !== undefined && /^\d+$/.test(own)) return Number(own)
  if (usual === undefined) return undefined
  const wait = /^\d+$/.test(usual) ? Number(usual) * 1000 : Date.parse(usual) - Date.now()
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0)
}

/** The failure of a request as the registry knows it. Its cause is a line for the log, without the SDK's error: see `problemOf`. */
export class AzureFailure extends RegistryError {
  readonly problem: AzureProblem

  constructor(operation: string, key: string, problem: AzureProblem) {
    const { code, status, message, requestId, retryAfter } = problem
    const facts = [
      ...(status === undefined ? [] : [`status ${status}`]),
      ...(requestId === undefined ? [] : [`request ${requestId}`]),
    ]
    const said = message === code || message === '' ? '' : `: ${message}`
    super(status === 507 ? 'STORAGE_FULL' : 'STORAGE_UNAVAILABLE', {
      cause: new Error(
        `Azure ${operation} ${JSON.stringify(key)}: ${code}${said}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`,
      ),
      ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) }),
    })
    this.problem = problem
  }
}

/** No such blob. That there is no such container is another matter. */
export function isAbsent(error: unknown): boolean {
  return isOf(error, 'BlobNotFound')
}

/** A blob that was to be copied is not there. */
export function isSourceAbsent(error: unknown): boolean {
  if (isAbsent(error)) return true
  if (!(error instanceof AzureFailure) || !isOf(error, 'CannotVerifyCopySource')) return false
  return (error.problem.sourceStatus ?? error.problem.status) === 404
}

/** Another blob is there, or not the one that the condition names. */
export function isPreconditionFailed(error: unknown): boolean {
  return isOf(error, 'BlobAlreadyExists', 'ConditionNotMet', 'TargetConditionNotMet')
}

/**
 * The store does not fetch a source by its URL: it knows no such request, or is not let in, as behind some firewalls. What moves bytes
 * through here instead may do better.
 */
export function isNotFetching(error: unknown): boolean {
  if (!(error instanceof AzureFailure) || isSourceAbsent(error)) return false
  const { code, status } = error.problem
  return (
    status === 501 ||
    code === 'CannotVerifyCopySource' ||
    code === 'FeatureNotSupported' ||
    code === 'UnsupportedHeader' ||
    code === 'InvalidHeaderValue'
  )
}

export function isOf(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof AzureFailure && codes.includes(error.problem.code)
}
