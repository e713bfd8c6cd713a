import type { Log } from '../registry/context.ts'
import type { Asking } from './gate.ts'
import { hiddenClientWarning } from './hidden-client.ts'
import { plainHttpWarning } from './plain-http.ts'

/**
 * What there is to warn of, once in the life of the process, when passwords come.
 *
 * @returns to be told of each request with a password
 */
export function passwordWarnings(log: Log): (asking: Asking) => void {
  const warnings = [plainHttpWarning(log), hiddenClientWarning(log)]
  return (asking) => {
    for (const warn of warnings) warn(asking)
  }
}
