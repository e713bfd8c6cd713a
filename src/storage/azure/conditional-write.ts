import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { WriteOptions } from '../driver.ts'
import { unavailable } from '../failure.ts'
import { isOf, isPreconditionFailed } from './errors.ts'
import { propertiesOf } from './object-info.ts'
import { readBlob } from './object-reader.ts'
import { replaceOtherType } from './other-type.ts'
import type { Store } from './store.ts'

/** Somebody else may write and delete all the while; so often is enough. */
const mostRounds = 50
const longestPause = 50

/** Metadata that tells whose write made a blob, when the answer to that write was lost. Its name has to be one of C#. */
const writerMark = 'berthwriter'

/** What must be true of the blob that is there: that there is none, or that it has this ETag. */
type Condition = { readonly ifNoneMatch: '*' } | { readonly ifMatch: string }

/** Writes a small blob, replacing what is there. */
export async function putBlob(store: Store, key: string, content: Uint8Array): Promise<void> {
  const { client, requests } = store
  const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  try {
    await requests.send('Put Blob', key, ({ signal }) =>
      client.getBlockBlobClient(key).upload(body, body.length, { abortSignal: signal }),
    )
  } catch (error) {
    if (!isOf(error, 'InvalidBlobType')) throw error
    await replaceOtherType(store, key, [content])
  }
}

/**
 * Writes a small blob where none is, or where one is whose bytes are nothing: `If-None-Match` and `If-Match`. Returns whether it
 * wrote: of several writers one does.
 *
 * @throws AzureFailure
 */
export async function putIfAbsent(
  store: Store,
  key: string,
  content: Uint8Array,
  isNothing: WriteOptions['isNothing'],
): Promise<boolean> {
  for (let round = 0; round < mostRounds; round++) {
    if (await putIf(store, key, content, { ifNoneMatch: '*' })) return true
    if (isNothing === undefined) return false
    const found = await readBlob(store, key)
    if (found?.etag !== undefined) {
      if (!isNothing(found.content)) return false
      if (await putIf(store, key, content, { ifMatch: found.etag })) return true
    }
    // Somebody wrote or deleted in between.
    await delay(Math.random() * longestPause)
  }
  throw unavailable(`others go on writing and deleting ${key}`)
}

async function putIf(
  store: Store,
  key: string,
  content: Uint8Array,
  conditions: Condition,
): Promise<boolean> {
  const { client, requests } = store
  const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const mark = randomUUID()
  let mayBeDone = false
  try {
    await requests.send('Put Blob', key, (attempt) => {
      mayBeDone = attempt.mayBeDone
      return client.getBlockBlobClient(key).upload(body, body.length, {
        conditions,
        metadata: { [writerMark]: mark },
        abortSignal: attempt.signal,
      })
    })
    return true
  } catch (error) {
    if (isOf(error, 'InvalidBlobType') && 'ifMatch' in conditions)
      return replaceIf(store, key, content, conditions)
    if (!isPreconditionFailed(error) && !isOf(error, 'BlobNotFound')) throw error
    if (!mayBeDone) return false
    // An earlier attempt may have been this writer's own success.
    return (await propertiesOf(store, key))?.metadata?.[writerMark] === mark
  }
}

async function replaceIf(
  store: Store,
  key: string,
  content: Uint8Array,
  conditions: Condition,
): Promise<boolean> {
  try {
    await replaceOtherType(store, key, [content], conditions)
    return true
  } catch (error) {
    if (isPreconditionFailed(error)) return false
    throw error
  }
}
