/**
 * The catalogue of what can go wrong in a registry.
 *
 * A code names the failure for the code that handles it; what a client sees of it (HTTP status, wire code) is decided
 * at the edge, in `http/error-response.ts`. Most codes are those of the OCI distribution specification, "Error Codes".
 */
const messages = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  BLOB_UPLOAD_INVALID: 'blob upload invalid',
  BLOB_UPLOAD_UNKNOWN: 'blob upload unknown to registry',
  /** The caller is known, and may not. */
  DENIED: 'requested access to the resource is denied',
  DIGEST_INVALID: 'provided digest did not match uploaded content',
  MANIFEST_BLOB_UNKNOWN: 'blob unknown to registry',
  MANIFEST_INVALID: 'manifest invalid',
  MANIFEST_TOO_LARGE: 'manifest invalid',
  MANIFEST_UNKNOWN: 'manifest unknown',
  NAME_INVALID: 'invalid repository name',
  NAME_UNKNOWN: 'repository name not known to registry',
  PAGINATION_NUMBER_INVALID: 'invalid number of results requested',
  RANGE_INVALID: 'invalid content range',
  /** The request itself, before it is about anything, is malformed. */
  REQUEST_INVALID: 'malformed request',
  SIZE_INVALID: 'provided length did not match content length',
  /** The tag has a manifest, and may not get another one. */
  TAG_IMMUTABLE: 'the tag is immutable',
  TAG_INVALID: 'invalid tag',
  /** Too much from one caller; later it may work. */
  TOO_MANY_REQUESTS: 'too many requests',
  TOO_MANY_TAGS: 'too many tags in one request',
  UNAUTHORIZED: 'authentication required',
  UNSUPPORTED: 'The operation is unsupported.',
  /** One of the configured health checks fails. */
  UNHEALTHY: 'service unavailable',
  /** The client went away, or stopped sending, before its request was whole. */
  CLIENT_CLOSED: 'the request body ended early',
  /** The client stopped sending, and its connection is still there. */
  CLIENT_TIMEOUT: 'the request body did not arrive in time',
  /** The store has no room (ENOSPC, EDQUOT, EFBIG). */
  STORAGE_FULL: 'the storage of this registry is full',
  /** The store failed or refuses writes (EIO, EROFS, EACCES …); trying again later may help. */
  STORAGE_UNAVAILABLE: 'the storage of this registry is not available',
} as const

export type ErrorCode = keyof typeof messages

export interface RegistryErrorOptions {
  /** Overrides the catalogue's message. */
  readonly message?: string
  /** What the client is told besides the message: JSON-serialisable. */
  readonly detail?: unknown
  /** Seconds after which the client may try again. */
  readonly retryAfter?: number
  /** What caused it. Logged, never sent. */
  readonly cause?: unknown
}

/** The one error that `Registry` methods throw on purpose. Anything else that they throw is a bug. */
export class RegistryError extends Error {
  readonly code: ErrorCode
  readonly detail: unknown
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, options: RegistryErrorOptions = {}) {
    super(options.message ?? messages[code], { cause: options.cause })
    this.name = 'RegistryError'
    this.code = code
    this.detail = options.detail
    this.retryAfter = options.retryAfter
  }
}

/** Several failures of one request, such as each unknown blob of a manifest. Has at least one. */
export class RegistryErrors extends Error {
  readonly errors: readonly RegistryError[]

  constructor(errors: readonly RegistryError[]) {
    super(errors.map((error) => error.message).join('; '))
    this.name = 'RegistryErrors'
    this.errors = errors
  }
}
