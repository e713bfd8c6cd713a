/** One thing that must be right for the registry to serve. */
export interface Check {
  /** Distribution's: the file's path, the URI, the address, `storagedriver_filesystem`. Without secrets: it is shown. */
  readonly name: string
  /** Milliseconds between the beginnings of two runs; the first comes after one of them. 0: ten seconds. */
  readonly interval: number
  /** Failures in a row until the check counts as failing; 0 or less: the first does. */
  readonly threshold: number
  /** Milliseconds after which a run counts as failed, even when it does not heed its signal. */
  readonly limit: number
  /**
   * Looks once.
   *
   * @param signal aborts when nobody waits for the outcome any more
   * @throws Error whose message says what is wrong, in words for the operator
   */
  run(signal: AbortSignal): Promise<void>
}

/** How often a check runs, and how many failures count: keys that all of Distribution's checks have. */
export interface Rhythm {
  readonly interval: number
  readonly threshold: number
}
