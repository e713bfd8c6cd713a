import { isDigest, type Digest } from '../registry/digest.ts'
import type { StorageDriver, StoragePath } from '../storage/driver.ts'

/**
 * The digests that folders of the form `ALG/HEX` name, in byte order; other names are passed over.
 *
 * @param folderOf the folder of an algorithm, and without one the folder of the algorithms
 */
export async function* digestsBelow(
  driver: StorageDriver,
  folderOf: (algorithm?: string) => StoragePath,
): AsyncGenerator<Digest, void, undefined> {
  for await (const algorithm of driver.list(folderOf())) {
    for await (const hex of driver.list(folderOf(algorithm))) {
      const digest = `${algorithm}:${hex}`
      if (isDigest(digest)) yield digest
    }
  }
}
