import type { StoragePath } from '../driver.ts'
import { problemOf, S3Failure } from './errors.ts'
import { Limiter } from '../object-store/limiter.ts'
import { listKeys } from './listing.ts'
import { headObject } from './object-info.ts'
import type { Store } from './store.ts'

/** What DeleteObjects takes, and what a listing gives. */
const mostAtOnce = 1_000

/** Requests of a thousand objects each. */
const removedTogether = 4

/** Removes an object. S3 does not tell whether there was one, so that it is asked first. */
export async function deleteObject(store: Store, key: string): Promise<boolean> {
  if ((await headObject(store, key)) === undefined) return false
  await removeObject(store, key)
  return true
}

/** Removes an object, be there one or not. */
export async function removeObject({ sdk, requests, bucket }: Store, key: string): Promise<void> {
  await requests.send('DeleteObject', key, ({ client, signal }) =>
    client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal }),
  )
}

/** Removes what lies at a path and all below it, a thousand objects with a request. */
export async function deleteFolder(store: Store, path: StoragePath): Promise<void> {
  // Not asked for: that there is nothing is no error.
  let more: readonly string[] = [store.keys.object(path)]
  for await (const keys of listKeys(store, store.keys.folder(path))) {
    await removeObjects(store, keys.length < mostAtOnce ? [...keys, ...more] : keys)
    if (keys.length < mostAtOnce) more = []
  }
  for (const key of more) await removeObject(store, key)
}

/** Removes objects, be they there or not, a thousand with a request; the last of them when the others are gone. */
export async function removeKeys(store: Store, keys: readonly string[]): Promise<void> {
  const [first] = keys
  if (keys.length === 1 && first !== undefined) return removeObject(store, first)
  const batches: (readonly string[])[] = []
  for (let start = 0; start < keys.length; start += mostAtOnce)
    batches.push(keys.slice(start, start + mostAtOnce))
  const last = batches.pop()
  await new Limiter(removedTogether).all(batches, (batch) => removeObjects(store, batch))
  if (last !== undefined) await removeObjects(store, last)
}

/** @param keys at most `mostAtOnce` */
async function removeObjects({ sdk, requests, bucket }: Store, keys: readonly string[]): Promise<void> {
  await requests.send('DeleteObjects', keys[0] ?? '', async ({ client, signal }) => {
    const command = new sdk.DeleteObjectsCommand({
      Bucket: bucket,
      Delete: { Quiet: true, Objects: keys.map((Key) => ({ Key })) },
    })
    const { Errors = [] } = await client.send(command, { abortSignal: signal })
    const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey')
    if (first === undefined) return
    // One of them may have been asked too much, in an answer that says 200.
    const { Code = 'Error', Message = '', Key = '' } = first
    const isTrouble = /^(?:InternalError|SlowDown|ServiceUnavailable)$/.test(Code)
    const problem = problemOf({
      name: Code,
      message: Message,
      $metadata: { httpStatusCode: isTrouble ? 503 : 403 },
    })
    if (!isTrouble) throw new S3Failure('DeleteObjects', Key, problem)
    throw Object.assign(new Error(Message), { name: Code, $metadata: { httpStatusCode: 503 } })
  })
}
