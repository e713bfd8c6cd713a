import { setTimeout as delay } from 'node:timers/promises'
import { copySilence } from './block-upload.ts'
import { isNotFetching, isOf, isPreconditionFailed, isSourceAbsent } from './errors.ts'
import { headBlob, isWhole, propertiesOf } from './object-info.ts'
import { openBlob } from './object-reader.ts'
import { replaceOtherType } from './other-type.ts'
import { largestPut } from './sizes.ts'
import { sourceOf } from './source.ts'
import { startCopy } from './start-copy.ts'
import type { Store } from './store.ts'
import { replaceByStream } from './stream-copy.ts'

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
  const size = source.contentLength ?? 0
  try {
    if (size <= largestPut && (await putFromUrl(store, from, to))) return true
    return await replaceInPlace(store, from, to, size)
  } catch (error) {
    if (isSourceAbsent(error)) return false
    if (!isOf(error, 'InvalidBlobType')) throw error
  }
  const content = await openBlob(store, from, undefined)
  if (content === undefined) return false
  await replaceOtherType(store, to, content)
  return true
}

/** Others may begin and end copies to the same place all the while; so often is enough. */
const mostRounds = 10
/** Milliseconds. */
const longestPause = 100

/**
 * Where Put Blob From URL does not do. Copy Blob is no way to replace a blob, for as long as the copy goes on nobody could read it: so
 * one of the same size is left as it is, as paths of what is copied are addressed by its content, and for another one the bytes pass
 * through here.
 *
 * @param size of the source in bytes
 */
async function replaceInPlace(store: Store, from: string, to: string, size: number): Promise<boolean> {
  for (let round = 1; ; round++) {
    const target = await propertiesOf(store, to)
    const isThere = target !== undefined && isWhole(target)
    if (isThere && target.contentLength === size) return true
    try {
      if (isThere) {
        const content = await openBlob(store, from, undefined)
        if (content === undefined) return false
        await replaceByStream(store, to, content)
      } else {
        // There is none, or one without bytes; not one that somebody else makes in this moment.
        const isSeen = target?.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: target.etag }
        await startCopy(store, from, to, isSeen)
      }
      return true
    } catch (error) {
      // Who ends a blob of blocks makes the store forget those of others.
      const isRace = isPreconditionFailed(error) || isOf(error, 'InvalidBlockList', 'InvalidBlobOrBlock')
      if (!isRace || round === mostRounds) throw error
      await delay(Math.random() * longestPause)
    }
  }
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
