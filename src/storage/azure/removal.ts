import type { StoragePath } from '../driver.ts'
import { isAbsent, isPreconditionFailed } from './errors.ts'
import { listBlobs } from './pages.ts'
import type { Store } from './store.ts'

/** Blobs of a folder that are removed at once. */
const together = 32

/**
 * Removes a blob, its snapshots too, without which Azure refuses. Returns whether it was there.
 *
 * @param etag of the blob that is meant; another one stays
 */
export async function deleteBlob({ client, requests }: Store, key: string, etag?: string): Promise<boolean> {
  let mayBeDone = false
  try {
    await requests.send('Delete Blob', key, (attempt) => {
      mayBeDone = attempt.mayBeDone
      return client.getBlobClient(key).delete({
        deleteSnapshots: 'include',
        abortSignal: attempt.signal,
        ...(etag !== undefined && { conditions: { ifMatch: etag } }),
      })
    })
    return true
  } catch (error) {
    // What an earlier try may have done counts as done.
    if (isAbsent(error) || (etag !== undefined && isPreconditionFailed(error))) return mayBeDone
    throw error
  }
}

/** Removes what lies at a path and all below it. */
export async function deleteFolder(store: Store, path: StoragePath): Promise<void> {
  await deleteBlob(store, store.keys.object(path))
  for await (const blobs of listBlobs(store, store.keys.folder(path)))
    await deleteBlobs(
      store,
      blobs.map(({ key }) => key),
    )
}

/** Removes blobs, be they there or not. */
export async function deleteBlobs(store: Store, keys: readonly string[]): Promise<void> {
  await store.copies.all(keys, (key) => deleteBlob(store, key), together)
}
