import { stat } from 'node:fs/promises'
import { codeOf } from './file-problem.ts'

/** What one or more paths led to at one time. */
export interface FileState {
  /** Differs when a file was written, replaced, removed, or a link on the way to it led elsewhere. */
  readonly summary: string
  /** None of the files changed just now. */
  readonly isSettled: boolean
}

/**
 * Milliseconds. A file that changed this lately may change again without showing it: the clocks of file systems tick slowly,
 * and a new certificate often has the size of the old one, as a bcrypt hash always has.
 */
const settlingTime = 2_000

/**
 * Looks at files that are followed. It never throws: that a file is not there is a state too.
 *
 * @param now milliseconds since 1970
 */
export async function stateOfFiles(paths: readonly string[], now: number): Promise<FileState> {
  const states = await Promise.all(paths.map((path) => stateOfFile(path, now)))
  return {
    summary: states.map(({ summary }) => summary).join(' '),
    isSettled: states.every(({ isSettled }) => isSettled),
  }
}

/** Whether what was read at the first state is still what there is at the second. */
export function isUnchanged(first: FileState, second: FileState): boolean {
  return first.isSettled && first.summary === second.summary
}

async function stateOfFile(path: string, now: number): Promise<FileState> {
  try {
    // Links are followed, so that one that is replaced shows another inode.
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true })
    return {
      summary: [dev, ino, size, mtimeNs, ctimeNs].join('-'),
      // A server of files may have a clock that is ahead.
      isSettled: Math.abs(now - Number(ctimeMs)) >= settlingTime,
    }
  } catch (error) {
    return { summary: codeOf(error) ?? 'unreadable', isSettled: true }
  }
}
