import { open, stat } from 'node:fs/promises'
import { largestHtpasswd } from './htpasswd-file.ts'

/** What a path led to at one time. */
export interface FileState {
  /** Differs when the file was written or replaced, or a link on the way to it leads elsewhere. */
  readonly summary: string
  /** It did not change just now. */
  readonly isSettled: boolean
}

export interface FileReading {
  readonly text: string
  /** From before the reading, so that whatever changes meanwhile is seen as a change later. */
  readonly state: FileState
}

/**
 * Milliseconds. A file that changed this lately may change again without showing it: the clocks of file systems tick slowly, and
 * one bcrypt hash has the size of another.
 */
const settlingTime = 2_000

/**
 * Follows links, so that a folder which Kubernetes swaps shows another inode.
 *
 * @param now milliseconds since 1970
 * @throws Error of the file system, or that the path names no file
 */
export async function stateOfFile(path: string, now: number): Promise<FileState> {
  const stats = await stat(path, { bigint: true })
  // Opening a pipe would wait for somebody to write to it, and hold a thread meanwhile.
  if (!stats.isFile()) throw new Error('not a regular file')
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = stats
  return {
    summary: [dev, ino, size, mtimeNs, ctimeNs].join('-'),
    // A server of files may have a clock that is ahead.
    isSettled: Math.abs(now - Number(ctimeMs)) >= settlingTime,
  }
}

/**
 * @param now milliseconds since 1970
 * @throws Error of the file system, or that it is too large
 */
export async function readHtpasswd(path: string, now: number): Promise<FileReading> {
  const state = await stateOfFile(path, now)
  const file = await open(path)
  try {
    const { size } = await file.stat()
    // Room for one byte more, by which a file that grew shows itself.
    const buffer = Buffer.alloc(Math.min(size, largestHtpasswd) + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > largestHtpasswd) throw new Error(`larger than ${largestHtpasswd} bytes`)
    return { text: buffer.toString('utf8', 0, length), state }
  } finally {
    await file.close()
  }
}

/** Why a file could not be read or written, in a few words, without its path. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  return code === undefined ? error.message : (words[code] ?? code)
}

/** Such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'too many symbolic links',
}
