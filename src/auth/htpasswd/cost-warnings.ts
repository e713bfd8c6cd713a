import type { Log } from '../../registry/context.ts'
import { slowCost } from './password-hash.ts'

/** Warns of costs in a password file that make logins wait for one another. */
export function warnOfCosts(
  costs: readonly number[],
  { path, log }: { readonly path: string; readonly log: Log },
): void {
  const slow = costs.filter((cost) => cost > slowCost)
  if (slow.length === 0) return
  log.warn(
    { path, users: slow.length, highest: Math.max(...slow) },
    `bcrypt costs above ${slowCost} make logins slow, and only one of them is checked at a time`,
  )
}
