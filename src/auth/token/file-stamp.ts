import { stat } from 'node:fs/promises'

/** What paths led to at one time. */
export interface FileStamp {
  /** Differs when a file was written, replaced, removed, or a link on the way to it led elsewhere. */
  readonly text: string
  /** None of the files changed just now. */
  readonly isSettled: boolean
}

/** Milliseconds. A file that changed this lately may change again without showing it: clocks of file systems tick slowly. */
const settlingTime = 2_000

/** @param now milliseconds since 1970 */
export async function stampOf(paths: readonly string[], now: number): Promise<FileStamp> {
  const stamps = await Promise.all(paths.map((path) => stampOfFile(path, now)))
  return {
    text: stamps.map(({ text }) => text).join(' '),
    isSettled: stamps.every(({ isSettled }) => isSettled),
  }
}

async function stampOfFile(path: string, now: number): Promise<FileStamp> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true })
    // A server of files may have a clock that is ahead.
    const isSettled = Math.abs(now - Number(ctimeMs)) >= settlingTime
    return { text: [dev, ino, size, mtimeNs, ctimeNs].join('-'), isSettled }
  } catch {
    return { text: 'unreadable', isSettled: true }
  }
}
