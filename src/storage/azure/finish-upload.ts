import { unavailable } from '../failure.ts'
import type { BlockUpload } from './block-upload.ts'
import { copyBlob } from './copy.ts'
import { AzureFailure } from './errors.ts'
import { headBlob } from './object-info.ts'
import { deleteBlob } from './removal.ts'
import type { Store } from './store.ts'

/**
 * Makes a blob of the blocks, and copies it to where it belongs unless that is where they are.
 *
 * @param size bytes that it must have, where the store made the blocks itself
 * @throws AzureFailure
 */
export async function finishUpload(
  store: Store,
  upload: BlockUpload,
  to: string,
  size?: number,
): Promise<void> {
  await upload.commit()
  if (size !== undefined) {
    const made = await headBlob(store, upload.key)
    if (made?.contentLength !== size)
      throw unavailable(`${to} would have ${made?.contentLength ?? 'no'} bytes instead of ${size}`)
  }
  if (upload.key === to) return
  if (!(await copyBlob(store, upload.key, to))) throw unavailable(`${upload.key} is gone`)
  await deleteBlob(store, upload.key).catch((error: unknown) => {
    // `removeLeftovers` finds it.
    if (!(error instanceof AzureFailure)) throw error
  })
}
