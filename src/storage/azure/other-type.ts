import { randomUUID } from 'node:crypto'
import type { BlobRequestConditions } from '@azure/storage-blob'
import { AzureFailure, isOf } from './errors.ts'
import { propertiesOf } from './object-info.ts'
import { deleteBlob } from './removal.ts'
import { largestAppend } from './sizes.ts'
import { startCopy } from './start-copy.ts'
import type { Store } from './store.ts'

/**
 * Replaces an append blob, which Distribution makes of all blobs, and of links in 3.0 and 3.1: Azure lets none become a block blob. To
 * delete it first would show, and lose it in a crash. So an append blob is made aside and copied over it, in one step. Slow, and rare:
 * clients push what is there only when they do not ask before.
 *
 * @param conditions what must be true of the blob that is there
 * @throws AzureFailure; what `content` throws, as it is
 */
export async function replaceOtherType(
  store: Store,
  key: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  conditions?: BlobRequestConditions,
): Promise<void> {
  const aside = store.keys.temporary + randomUUID()
  try {
    await store.requests.send('Put Blob', aside, ({ signal }) =>
      store.client.getAppendBlobClient(aside).create({ abortSignal: signal }),
    )
    let length = 0
    for await (const block of blocksOf(content)) {
      await append(store, aside, block, length)
      length += block.length
    }
    await startCopy(store, aside, key, conditions)
  } finally {
    await deleteBlob(store, aside).catch((error: unknown) => {
      // `removeLeftovers` finds it.
      if (!(error instanceof AzureFailure)) throw error
    })
  }
}

/** @param position where the block begins: what a lost answer hides is not appended twice */
async function append(store: Store, key: string, block: Buffer, position: number): Promise<void> {
  const { client, requests } = store
  try {
    await requests.send(
      'Append Block',
      key,
      ({ signal }) =>
        client.getAppendBlobClient(key).appendBlock(block, block.length, {
          conditions: { appendPosition: position },
          abortSignal: signal,
        }),
      { silence: requests.stall },
    )
  } catch (error) {
    if (!isOf(error, 'AppendPositionConditionNotMet')) throw error
    const found = await propertiesOf(store, key)
    if (found?.contentLength !== position + block.length) throw error
  }
}

async function* blocksOf(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  const block = Buffer.alloc(largestAppend)
  let length = 0
  for await (const chunk of content)
    for (let rest = chunk; rest.length > 0;) {
      const taken = rest.subarray(0, largestAppend - length)
      block.set(taken, length)
      length += taken.length
      rest = rest.subarray(taken.length)
      if (length < largestAppend) continue
      yield block
      length = 0
    }
  if (length > 0) yield block.subarray(0, length)
}
