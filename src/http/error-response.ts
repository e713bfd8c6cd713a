import { RegistryError, RegistryErrors, type ErrorCode } from '../registry/errors.ts'

/** An answer that tells of a failure. */
export interface ErrorResponse {
  readonly status: number
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number
  readonly errors: readonly WireError[]
}

/** OCI distribution specification, "Error Codes". */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly detail?: unknown
}

/** Status, and the code on the wire where the specification's clients do not know ours. */
const answers: Readonly<Record<ErrorCode, readonly [status: number, code?: string]>> = {
  BLOB_UNKNOWN: [404],
  BLOB_UPLOAD_INVALID: [400],
  BLOB_UPLOAD_UNKNOWN: [404],
  CLIENT_CLOSED: [499, 'UNKNOWN'],
  CLIENT_TIMEOUT: [408, 'UNKNOWN'],
  DENIED: [403],
  DIGEST_INVALID: [400],
  MANIFEST_BLOB_UNKNOWN: [400],
  MANIFEST_INVALID: [400],
  MANIFEST_TOO_LARGE: [413, 'MANIFEST_INVALID'],
  MANIFEST_UNKNOWN: [404],
  NAME_INVALID: [400],
  NAME_UNKNOWN: [404],
  PAGINATION_NUMBER_INVALID: [400],
  RANGE_INVALID: [416],
  REQUEST_INVALID: [400, 'UNKNOWN'],
  SIZE_INVALID: [400],
  STORAGE_FULL: [507, 'UNAVAILABLE'],
  STORAGE_UNAVAILABLE: [503, 'UNAVAILABLE'],
  TAG_IMMUTABLE: [409, 'DENIED'],
  TAG_INVALID: [400],
  TOO_MANY_REQUESTS: [429, 'TOOMANYREQUESTS'],
  TOO_MANY_TAGS: [414, 'TAG_INVALID'],
  UNAUTHORIZED: [401],
  UNHEALTHY: [503, 'UNAVAILABLE'],
  UNSUPPORTED: [405],
}

/** Seconds. */
const retryAfterStorageFailure = 10

/** The answer to what a handler threw. Errors that are no RegistryError are bugs, of which the client learns nothing. */
export function errorResponse(error: unknown): ErrorResponse {
  const errors = error instanceof RegistryErrors ? error.errors : [error]
  const [first] = errors
  if (!(first instanceof RegistryError)) {
    return { status: 500, errors: [{ code: 'UNKNOWN', message: 'unknown error' }] }
  }
  const retryAfter =
    first.retryAfter ?? (first.code === 'STORAGE_UNAVAILABLE' ? retryAfterStorageFailure : undefined)
  return {
    status: answers[first.code][0],
    ...(retryAfter !== undefined && { retryAfter }),
    errors: errors.filter((each) => each instanceof RegistryError).map(wireError),
  }
}

function wireError(error: RegistryError): WireError {
  return {
    code: answers[error.code][1] ?? error.code,
    message: error.message,
    ...(error.detail !== undefined && { detail: error.detail }),
  }
}
