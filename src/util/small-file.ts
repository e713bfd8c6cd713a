import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

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
    // Room for one byte more, by which a file that grew shows itself.
    const buffer = Buffer.alloc(Math.min(stats.size, most) + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > most) throw new Error(`larger than ${most} bytes`)
    return buffer.subarray(0, length)
  } finally {
    await file.close()
  }
}

/** Why a file could not be read or written, in a few words, without its path. */
export function fileProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  if (code === 'EACCES')
    return `permission denied for the user of this process (uid ${process.getuid?.() ?? 'unknown'})`
  return code === undefined ? error.message : (words[code] ?? error.message)
}

/** Such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder, not a file',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'too many symbolic links',
}
