import type { Check, Rhythm } from './check.ts'
import { head, type HeadOptions } from './http-head.ts'
import { reasonOf } from './reason.ts'
import { redactedUrl } from './redacted-url.ts'
import { limitOf, withTimeout } from './timeout.ts'

export interface HttpCheckOptions extends Rhythm {
  readonly uri: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** The only status that is right. */
  readonly statuscode: number
  /** Milliseconds for the answer, redirects included; 0: none. */
  readonly timeout: number
}

/**
 * Fails while another service does not answer a HEAD request with the status that is expected.
 *
 * @param roots for https; see `system-roots.ts`
 */
export function httpCheck(options: HttpCheckOptions, roots: HeadOptions['roots'] = () => undefined): Check {
  const { uri, headers, statuscode, timeout, interval, threshold } = options
  return {
    name: redactedUrl(uri),
    interval,
    threshold,
    limit: limitOf(timeout),
    run: async (signal) => {
      const status = await statusOf(signal)
      if (status !== statuscode)
        throw new Error(`downstream service returned unexpected status: ${status} (expected ${statuscode})`)
    },
  }

  async function statusOf(signal: AbortSignal): Promise<number> {
    try {
      return await withTimeout(timeout, signal, (inTime) =>
        head(new URL(uri), { headers, roots, signal: inTime }),
      )
    } catch (error) {
      throw new Error(`error while checking: ${reasonOf(error)}`, { cause: error })
    }
  }
}
