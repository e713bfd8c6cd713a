import type { Log } from '../../registry/context.ts'
import { costOf, slowCost } from './password-hash.ts'

/**
 * Warns of what the costs of a password file bring with them.
 *
 * @param hashes of bcrypt
 * @param common the cost that most of them have
 */
export function warnOfCosts(
  hashes: Iterable<string>,
  common: number,
  { path, log }: { readonly path: string; readonly log: Log },
): void {
  const costs = [...hashes].map(costOf)
  const slow = costs.filter((cost) => cost > slowCost)
  if (slow.length > 0)
    log.warn(
      { path, users: slow.length, highest: Math.max(...slow) },
      `bcrypt costs above ${slowCost} make logins slow, and only one of them is checked at a time`,
    )
  const others = costs.filter((cost) => cost !== common)
  if (others.length > 0)
    log.warn(
      { path, users: others.length, cost: common },
      'bcrypt costs differ, so that the time of a login tells who has another one than most',
    )
}
