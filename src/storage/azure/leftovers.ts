import { listBlobs } from './pages.ts'
import { deleteBlob } from './removal.ts'
import type { Store } from './store.ts'

/**
 * Removes objects that processes left which died between writing one and putting it in its place, when they are older than so many
 * milliseconds. Returns how many there were. Blocks that were sent and never made an object need nobody: Azure forgets them after a
 * week, and they show in no listing.
 *
 * @param dryRun only count them
 * @throws AzureFailure
 */
export async function removeLeftovers(store: Store, olderThan: number, dryRun: boolean): Promise<number> {
  let removed = 0
  for await (const blobs of listBlobs(store, store.keys.temporary)) {
    // The store's clock dated them.
    const before = Date.now() + store.requests.clockOffset - olderThan
    for (const { key, modified } of blobs)
      if (modified.getTime() < before && (dryRun || (await deleteBlob(store, key)))) removed++
  }
  return removed
}
