import { problemOf } from './errors.ts'
import type { Attempt } from './requests.ts'
import type { Store } from './store.ts'

/** Metadata that tells whose write made an object, when the answer to that write was lost. */
export const writerMark = 'berth-writer'

/** Who made the object that is there: `ours` when it was an earlier attempt of the write with this mark. */
export type Maker = { readonly kind: 'ours'; readonly etag?: string } | { readonly kind: 'other' | 'nobody' }

/**
 * Looks at an object after an attempt to make it whose outcome is not known.
 *
 * @throws the SDK's error, so that the next attempt counts as failed, too
 */
export async function makerOf(
  { sdk, bucket }: Store,
  key: string,
  mark: string,
  { client, signal }: Attempt,
): Promise<Maker> {
  const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key })
  try {
    const { Metadata, ETag } = await client.send(command, { abortSignal: signal })
    if (Metadata?.[writerMark] !== mark) return { kind: 'other' }
    return { kind: 'ours', ...(ETag !== undefined && { etag: ETag }) }
  } catch (error) {
    if (problemOf(error).status === 404) return { kind: 'nobody' }
    throw error
  }
}
