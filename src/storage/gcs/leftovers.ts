import { listObjects } from './listing.ts'
import { removeKeys } from './removal.ts'
import type { Store } from './store.ts'

/** Where objects lie that become part of another one in a moment: outside of the layout, where the driver for files has its own. */
export function temporaryFolder({ keys }: Store): string {
  return `${keys.root}_berth/tmp/`
}

/**
 * Removes what was put together by processes that died at it. Uploads that were broken off are no matter: they end by themselves
 * after a week, are not paid for, and show nowhere. Returns how many there were.
 *
 * @param dryRun only count them
 * @throws GcsFailure
 */
export async function removeLeftovers(store: Store, olderThan: number, dryRun: boolean): Promise<number> {
  let removed = 0
  for await (const objects of listObjects(store, temporaryFolder(store))) {
    // The store's clock dated them.
    const before = Date.now() + store.requests.clockOffset - olderThan
    const old = objects.filter(({ modified }) => modified.getTime() < before).map(({ name }) => name)
    if (!dryRun) await removeKeys(store, old)
    removed += old.length
  }
  return removed
}
