import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { WriteOptions } from '../driver.ts'
import { isAbsent, isOf, isPreconditionFailed, S3Failure } from './errors.ts'
import { readObject } from './object-reader.ts'
import type { Store } from './store.ts'
import { contentType } from './write-parameters.ts'
import { makerOf, writerMark } from './writer-mark.ts'

/** Somebody else may write and delete all the while; so often is enough. */
const mostRounds = 50
const longestPause = 50

/** What must be true of the object that is there: that there is none, or that it has this ETag. */
type Condition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string }

/** Writes a small object, replacing what is there. */
export async function putObject(store: Store, key: string, content: Uint8Array): Promise<void> {
  const { sdk, requests, bucket, parameters } = store
  await requests.send('PutObject', key, ({ client, signal }) =>
    client.send(
      new sdk.PutObjectCommand({
        ...parameters,
        Bucket: bucket,
        Key: key,
        Body: content,
        ContentType: contentType,
      }),
      { abortSignal: signal },
    ),
  )
}

/**
 * Writes a small object where none is, or where one is whose bytes are nothing: `If-None-Match` and `If-Match`. Returns whether it
 * wrote: of several writers one does.
 *
 * @throws S3Failure, also when the store knows no conditional writes (501)
 */
export async function putIfAbsent(
  store: Store,
  key: string,
  content: Uint8Array,
  isNothing: WriteOptions['isNothing'],
): Promise<boolean> {
  for (let round = 0; round < mostRounds; round++) {
    if (await putIf(store, key, content, { IfNoneMatch: '*' })) return true
    if (isNothing === undefined) return false
    const found = await readObject(store, key)
    if (found?.etag !== undefined) {
      if (!isNothing(found.content)) return false
      // Ceph compares what is between the quotes with the header as it comes.
      for (const IfMatch of new Set([found.etag, found.etag.replaceAll('"', '')]))
        if (await putIf(store, key, content, { IfMatch })) return true
    }
    // Somebody wrote or deleted in between.
    await delay(Math.random() * longestPause)
  }
  throw new S3Failure('PutObject', key, {
    code: 'ConditionalRequestConflict',
    status: 409,
    message: 'others go on writing and deleting it',
    requestId: undefined,
    retryAfter: undefined,
    clockCorrected: false,
    region: undefined,
  })
}

async function putIf(store: Store, key: string, content: Uint8Array, condition: Condition): Promise<boolean> {
  const { sdk, requests, bucket, parameters } = store
  const mark = randomUUID()
  try {
    return await requests.send('PutObject', key, async (attempt) => {
      const command = new sdk.PutObjectCommand({
        ...parameters,
        ...condition,
        Bucket: bucket,
        Key: key,
        Body: content,
        ContentType: contentType,
        Metadata: { [writerMark]: mark },
      })
      try {
        await attempt.client.send(command, { abortSignal: attempt.signal })
        return true
      } catch (error) {
        if (!attempt.mayBeDone) throw error
        // An earlier attempt may have been this writer's own success.
        const maker = await makerOf(store, key, mark, attempt)
        if (maker.kind === 'ours') return true
        // Whoever was in the way is gone.
        if (maker.kind === 'nobody' && 'IfNoneMatch' in condition) throw tryAgain(error)
        throw error
      }
    })
  } catch (error) {
    if (isPreconditionFailed(error)) return false
    // If-Match on what somebody deleted meanwhile.
    if ('IfMatch' in condition && (isAbsent(error) || isOf(error, 'NoSuchKey'))) return false
    throw error
  }
}

function tryAgain(cause: unknown): Error {
  return Object.assign(new Error('the condition failed for no object', { cause }), {
    name: 'ConditionalRequestConflict',
    $metadata: { httpStatusCode: 409 },
  })
}
