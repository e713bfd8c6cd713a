import { errnoOf, storageFailure } from '../failure.ts'
import type { BufferPool } from '../../util/buffer-pool.ts'
import { closeQuietly, open, read } from './calls.ts'

/** How often a read is begun anew on NFS, when another client replaced the file between open and read. */
const attempts = 5

/**
 * All bytes of a small file; undefined when it is absent or a folder. This is the hottest call of all (a tag's link), so
 * it is two hops to the thread pool: open and read. A read that comes back short is the end of a regular file.
 *
 * @param limit bytes; a larger file counts as absent
 * @throws RegistryError STORAGE_UNAVAILABLE
 */
export async function readSmall(
  path: string,
  limit: number,
  scratch: BufferPool,
): Promise<Buffer | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(path, limit, scratch)
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'EISDIR') return undefined
      if (errno !== 'ESTALE' || attempt === attempts) throw storageFailure(error)
    }
  }
}

async function readOnce(path: string, limit: number, scratch: BufferPool): Promise<Buffer | undefined> {
  const descriptor = await open(path, 'r')
  const buffer = scratch.take()
  try {
    const bytes = await read(descriptor, buffer, buffer.length, 0)
    if (bytes > limit) return undefined
    // Copied to its exact size, so that a cache of small objects holds no large buffers.
    const head = Buffer.from(buffer.subarray(0, bytes))
    return bytes < buffer.length ? head : await readOn(descriptor, head, limit)
  } finally {
    closeQuietly(descriptor)
    scratch.give(buffer)
  }
}

/** Reads what follows `head`, in buffers that double. */
async function readOn(descriptor: number, head: Buffer, limit: number): Promise<Buffer | undefined> {
  const parts = [head]
  let size = head.length
  for (;;) {
    const part = Buffer.allocUnsafeSlow(size)
    const bytes = await read(descriptor, part, part.length, size)
    parts.push(part.subarray(0, bytes))
    size += bytes
    if (size > limit) return undefined
    if (bytes < part.length) return Buffer.concat(parts, size)
  }
}
