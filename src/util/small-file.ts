import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Bytes that are read at once of what was not there when it was opened. */
const growth = 64 * 1024

/**
 * Reads a file that somebody configured, whole.
 *
 * @param most bytes
 * @throws Error of the file system; of what is no file, or larger
 */
export async function readSmallFile(path: string, most: number): Promise<Buffer> {
  // Opening a pipe would wait for somebody to write to it, and hold a thread meanwhile.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile())
      throw new Error(stats.isDirectory() ? 'it is a folder, not a file' : 'not a regular file')
    const chunks: Buffer[] = []
    let length = 0
    // To its end, wherever that is by now: it may grow meanwhile.
    for (let size = stats.size + 1; length <= most; size = growth) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(size, most + 1)))
      if (bytesRead === 0) return Buffer.concat(chunks, length)
      chunks.push(buffer.subarray(0, bytesRead))
      length += bytesRead
    }
    throw new Error(`larger than ${most} bytes`)
  } finally {
    await file.close()
  }
}
