import { guarded } from '../failure.ts'
import type { TemporaryFile } from './temporary.ts'

/**
 * Bytes per write. A writer holds two batches, one on its way to the file and one that fills: with 32 pushes in flight
 * this is 32 MiB, and larger batches write no faster.
 */
const batchBytes = 512 * 1024

/** A source of tiny chunks must not fill the memory with buffer objects instead of bytes. */
const batchChunks = 512

/**
 * Writes all of `source` to a new file: one write at a time, while the next batch is pulled. Returns the bytes written.
 *
 * @throws RegistryError STORAGE_FULL, STORAGE_UNAVAILABLE; the error of `source`, as it is
 */
export async function writeObject(file: TemporaryFile, source: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  let held = 0
  let batch: Uint8Array[] = []
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const chunk of source) {
      size += chunk.length
      held += chunk.length
      batch.push(chunk)
      if (held < batchBytes && batch.length < batchChunks) continue
      await writing
      writing = startWrite(file, batch)
      batch = []
      held = 0
    }
  } catch (error) {
    // The caller is going to close the file: not under a running write.
    await writing.catch(() => undefined)
    throw error
  }
  await writing
  await startWrite(file, batch)
  return size
}

function startWrite(file: TemporaryFile, batch: readonly Uint8Array[]): Promise<void> {
  const writing = guarded(file.write(batch))
  // Heard when the next batch is full or the source ends; until then the failure must not count as unhandled.
  writing.catch(() => undefined)
  return writing
}
