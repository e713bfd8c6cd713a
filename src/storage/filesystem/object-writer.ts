import { guarded } from '../failure.ts'
import type { TemporaryFile } from './temporary.ts'

/**
 * Writes all of `source` to a new file, a chunk at a time: the source gathers its next one meanwhile. Returns the bytes written.
 *
 * @param target where the file will be, for failures to name
 * @throws RegistryError STORAGE_FULL, STORAGE_UNAVAILABLE; the error of `source`, as it is
 */
export async function writeObject(
  file: TemporaryFile,
  source: AsyncIterable<Uint8Array>,
  target: string,
): Promise<number> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    await guarded(file.write([chunk]), target)
  }
  return size
}
