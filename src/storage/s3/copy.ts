import { isAbsent } from './errors.ts'
import { copySilence, copySource, MultipartUpload } from './multipart.ts'
import { headObject } from './object-info.ts'
import { evenPartSize, largestCopy } from './sizes.ts'
import type { Store } from './store.ts'

/**
 * Copies an object within the store, which no byte leaves: in one request, or in parts at once when it is large. False when there is
 * none.
 *
 * @param size bytes, if they are known
 * @throws S3Failure
 */
export async function copyObject(store: Store, from: string, to: string, size?: number): Promise<boolean> {
  const bytes = size ?? (await headObject(store, from))?.size
  if (bytes === undefined) return false
  try {
    if (bytes <= Math.min(store.copyThreshold, largestCopy)) await copyWhole(store, from, to)
    else await copyInParts(store, from, to, bytes)
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

async function copyWhole(
  { sdk, requests, bucket, parameters }: Store,
  from: string,
  to: string,
): Promise<void> {
  await requests.send(
    'CopyObject',
    to,
    ({ client, signal }) =>
      client.send(
        new sdk.CopyObjectCommand({
          ...parameters,
          Bucket: bucket,
          Key: to,
          CopySource: copySource(bucket, from),
        }),
        { abortSignal: signal },
      ),
    { silence: copySilence },
  )
}

async function copyInParts(store: Store, from: string, to: string, size: number): Promise<void> {
  const part = evenPartSize(store.copyChunkSize, size)
  const upload = await MultipartUpload.start(store, to)
  try {
    const starts = Array.from({ length: Math.ceil(size / part) }, (_, index) => index * part)
    await store.copies.all(starts, (start, signal) =>
      upload.copy(start / part + 1, from, start, Math.min(start + part, size) - 1, signal),
    )
    await upload.complete()
  } catch (error) {
    await upload.abort()
    throw error
  }
}
