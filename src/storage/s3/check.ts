import type { CheckOptions } from '../check-options.ts'
import { probePath } from '../probes.ts'
import { StoreProblem } from '../store-problem.ts'
import { putIfAbsent, putObject } from './conditional-write.ts'
import { connect } from './connect.ts'
import { isOf, S3Failure } from './errors.ts'
import { explain, explainClock, isForSomebody, type S3Right } from './explain.ts'
import { MultipartUpload } from './multipart.ts'
import { readObject } from './object-reader.ts'
import type { S3Options } from './options.ts'
import { removeObject } from './removal.ts'
import { isPassing } from '../object-store/retrying.ts'
import type { Store } from './store.ts'

/** Milliseconds. S3 refuses a difference of 15 minutes; the driver corrects it, but what else goes by the clock does not. */
const clockTolerance = 5 * 60_000
/** Whoever starts a registry waits for this. */
const patience = 4_000
const silence = 10_000

type Need = (right: S3Right, work: () => Promise<unknown>) => Promise<void>

/**
 * Finds out whether a store can be used: bucket, region, keys, rights, clock.
 *
 * @throws StoreProblem
 */
export async function checkS3(
  options: S3Options,
  { readOnly = false, warn = (): void => {} }: CheckOptions = {},
): Promise<void> {
  const store = await connect({ patience, stall: silence, ...options })
  const need: Need = async (right, work) => {
    try {
      await work()
    } catch (error) {
      throw new StoreProblem(explain(error, right, options), { mayPass: mayPass(error), cause: error })
    }
  }
  try {
    await need('s3:ListBucket', () => listOne(store))
    const { clockOffset } = store.requests
    if (Math.abs(clockOffset) > clockTolerance) warn(explainClock(clockOffset))
    if (!readOnly) await checkWriting(store, need, warn)
  } finally {
    store.requests.client.destroy()
  }
}

async function checkWriting(store: Store, need: Need, warn: (line: string) => void): Promise<void> {
  const key = store.keys.object(probePath())
  const content = Buffer.from('berth')
  await need('s3:PutObject', () => putObject(store, key, content))
  try {
    await need('s3:PutObject', async () => {
      if (!(await knowsConditions(store, key, content)))
        warn('the S3 store ignores If-None-Match: of two pushes of an immutable tag at once, both may win')
    })
    await need('s3:GetObject', async () => {
      const found = await readObject(store, key)
      if (found?.content.equals(content) !== true)
        throw new Error('the S3 store gives back other bytes than were written')
    })
    await need('s3:AbortMultipartUpload', async () => {
      const upload = await MultipartUpload.start(store, key)
      await upload.abort({ mayFail: false })
    })
  } catch (error) {
    await removeObject(store, key).catch(() => undefined)
    throw error
  }
  await need('s3:DeleteObject', () => removeObject(store, key))
}

async function knowsConditions(store: Store, key: string, content: Buffer): Promise<boolean> {
  try {
    return !(await putIfAbsent(store, key, content, undefined))
  } catch (error) {
    if (isOf(error, 'NotImplemented')) return false
    throw error
  }
}

async function listOne({ sdk, requests, bucket, keys }: Store): Promise<void> {
  await requests.send('ListObjectsV2', keys.root, ({ client, signal }) =>
    client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: keys.root, MaxKeys: 1 }), {
      abortSignal: signal,
    }),
  )
}

/** The store is down, or asked too much; nobody has to correct anything. */
function mayPass(error: unknown): boolean {
  return error instanceof S3Failure && isPassing(error.problem) && !isForSomebody(error.problem)
}
