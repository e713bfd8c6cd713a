import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { putIfAbsent, putObject } from './conditional-write.ts'
import { connect } from './connect.ts'
import { isOf } from './errors.ts'
import { explain, explainClock, type S3Right } from './explain.ts'
import { MultipartUpload } from './multipart.ts'
import { readObject } from './object-reader.ts'
import type { S3Options } from './options.ts'
import { removeObject } from './removal.ts'
import type { Store } from './store.ts'

export interface S3CheckOptions {
  /** Nothing is written then, and no right to write is needed. */
  readonly readOnly?: boolean
}

/** Milliseconds. S3 refuses a difference of 15 minutes; the registry corrects it, but what else goes by the clock does not. */
const clockTolerance = 5 * 60_000
/** Whoever starts a registry waits for this. */
const patience = 4_000
const silence = 10_000

/**
 * Finds out whether a store can be used: bucket, region, keys, rights, clock.
 *
 * @throws Error in one line that says what is wrong and what to do
 */
export async function checkS3(options: S3Options, { readOnly = false }: S3CheckOptions = {}): Promise<void> {
  const store = await connect({ patience, stall: silence, ...options })
  const need = async (right: S3Right, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      throw new Error(explain(error, right, options), { cause: error })
    }
  }
  try {
    await need('s3:ListBucket', () => listOne(store))
    const { clockOffset } = store.requests
    if (Math.abs(clockOffset) > clockTolerance) throw new Error(explainClock(clockOffset))
    if (!readOnly) await checkWriting(store, need, options)
  } finally {
    store.requests.client.destroy()
  }
}

async function checkWriting(
  store: Store,
  need: (right: S3Right, work: () => Promise<unknown>) => Promise<void>,
  { log }: S3Options,
): Promise<void> {
  const key = `${store.keys.root}docker/registry/v2/_berth/probe-${ownName()}`
  const content = Buffer.from('berth')
  await need('s3:PutObject', () => putObject(store, key, content))
  await need('s3:PutObject', async () => {
    if (!(await knowsConditions(store, key, content)))
      log?.warn(
        { bucket: store.bucket },
        'the s3 store ignores if-none-match: immutable tags can be replaced by a race',
      )
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

/** The same at each start, so that a store that lets nothing be deleted does not fill; another one in each replica. */
function ownName(): string {
  return createHash('sha256').update(`${hostname()} ${process.pid}`).digest('hex').slice(0, 16)
}
