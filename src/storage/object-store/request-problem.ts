/** What can be known of a failed request. */
export interface RequestProblem {
  /** The store's code, such as `SlowDown`; the errno or the name of the error when no answer came. */
  readonly code: string
  /** Undefined when no whole answer came. */
  readonly status: number | undefined
  readonly message: string
  readonly requestId: string | undefined
  /** Milliseconds that the store asks to wait. */
  readonly retryAfter: number | undefined
  /** The signature was of another time than the store's, and the next one will be right. */
  readonly clockCorrected: boolean
  /** Where the bucket is, if the store says so. */
  readonly region: string | undefined
}
