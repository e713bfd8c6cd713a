import { PartBuffer } from '../object-store/part-buffer.ts'
import { BlockUpload } from './block-upload.ts'
import { blockSize } from './sizes.ts'
import type { Store } from './store.ts'

/**
 * Replaces a blob by bytes that pass through here, in one step: until they are all there, what is there stays. For where the store
 * copies nothing in one step, so that it is slow.
 *
 * @throws AzureFailure, also when somebody else does the same: then only one of both ends it; what `content` throws, as it is
 */
export async function replaceByStream(
  store: Store,
  key: string,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const upload = BlockUpload.at(store, key)
  const buffer = new PartBuffer(store.memory, { size: store.chunkSize, signs: false })
  const { signal } = new AbortController()
  let [sent, total] = [0, 0]
  const send = async (): Promise<void> => {
    const part = buffer.takePart()
    let isFree = false
    try {
      isFree = await store.memory.while(() => upload.send(++sent, part, signal))
    } finally {
      buffer.giveBack(part, isFree)
    }
    total += part.length
    buffer.setLimit(blockSize(store.chunkSize, sent, total))
  }
  try {
    for await (const chunk of content)
      for (let rest = chunk; rest.length > 0;) {
        if (buffer.isFull) await send()
        rest = rest.subarray(await buffer.add(rest))
      }
    if (buffer.length > 0) await send()
    await upload.commit()
  } catch (error) {
    await upload.abort()
    throw error
  } finally {
    buffer.discard()
  }
}
