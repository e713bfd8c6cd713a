import { copySilence } from './block-upload.ts'
import { isNotFetching, isOf, isPreconditionFailed, isSourceAbsent } from './errors.ts'
import { headBlob } from './object-info.ts'
import { openBlob } from './object-reader.ts'
import { replaceOtherType } from './other-type.ts'
import { largestPut } from './sizes.ts'
import { sourceOf } from './source.ts'
import { startCopy } from './start-copy.ts'
import type { Store } from './store.ts'

/**
 * Copies a blob within the account, which no byte leaves. False when there is none.
 *
 * Copy Blob does it at once, whatever the size, or goes on behind the answer; then the target has no bytes until it ends, and counts as
 * absent. So it is for targets that are not there. One that is there is replaced by Put Blob From URL, in one step.
 *
 * @throws AzureFailure
 */
export async function copyBlob(store: Store, from: string, to: string): Promise<boolean> {
  try {
    await startCopy(store, from, to, { ifNoneMatch: '*' })
    return true
  } catch (error) {
    if (isSourceAbsent(error)) return false
    if (!isPreconditionFailed(error)) throw error
  }
  return replaceByCopy(store, from, to)
}

async function replaceByCopy(store: Store, from: string, to: string): Promise<boolean> {
  const source = await headBlob(store, from)
  if (source === undefined) return false
  try {
    if ((source.contentLength ?? 0) > largestPut || !(await putFromUrl(store, from, to)))
      await startCopy(store, from, to)
    return true
  } catch (error) {
    if (isSourceAbsent(error)) return false
    if (!isOf(error, 'InvalidBlobType')) throw error
  }
  const content = await openBlob(store, from, undefined)
  if (content === undefined) return false
  await replaceOtherType(store, to, content)
  return true
}

/** False when the store does not fetch by URL. */
async function putFromUrl(store: Store, from: string, to: string): Promise<boolean> {
  const { client, requests } = store
  const { url, options } = await sourceOf(store, from)
  try {
    await requests.send(
      'Put Blob From URL',
      to,
      ({ signal }) =>
        client.getBlockBlobClient(to).syncUploadFromURL(url, { ...options, abortSignal: signal }),
      { silence: copySilence, total: requests.longPatience },
    )
    return true
  } catch (error) {
    if (isNotFetching(error)) return false
    throw error
  }
}
