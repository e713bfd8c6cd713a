import type { Log } from '../registry/context.ts'

/** A request that brings a password, as far as it matters here. */
export interface ProxiedRequest {
  /** The address it comes from; undefined behind a unix socket. */
  readonly client: string | undefined
  /** Whether that is a proxy's, which names another one and is not believed. */
  readonly hidesClient: () => boolean
}

/**
 * Warns, once, when passwords come through a proxy that the configuration does not name: then all who are behind it count as one
 * address, and the failed logins of one slow down the first logins of all.
 *
 * @returns to be told of each request with a password; to be made once for the process, for reloads must not warn anew
 */
export function hiddenClientWarning(log: Log): (request: ProxiedRequest) => void {
  let isWarned = false
  return ({ client, hidesClient }) => {
    if (isWarned || !hidesClient()) return
    isWarned = true
    log.warn(
      { client },
      'passwords come with x-forwarded-for and no proxy is trusted, so that failed logins of all behind it count together: set http.trustedproxies',
    )
  }
}
