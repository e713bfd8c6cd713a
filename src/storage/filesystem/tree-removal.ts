import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../failure.ts'
import { readEntries, rmdir, unlink } from './calls.ts'

/** How often a folder is emptied again when writers fill it meanwhile. */
const rounds = 100

/** Files of one folder removed at once: enough to keep the thread pool busy, and not to fill its queue. */
const width = 8

/**
 * Removes a folder and all below it, or a file; what is absent is fine. Symbolic links are removed, not followed.
 *
 * @throws the error of a system call, ENOTEMPTY when writers keep on filling it
 */
export async function removeTree(path: string): Promise<void> {
  for (let round = 1; ; round++) {
    const entries = await entriesOf(path)
    if (entries === undefined) return
    await removeAll(path, entries)
    try {
      await rmdir(path)
      return
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT') return
      if ((errno !== 'ENOTEMPTY' && errno !== 'EEXIST') || round === rounds) throw error
    }
  }
}

/** Undefined when `path` is gone in the end, be it that it was a file. */
async function entriesOf(path: string): Promise<readonly Dirent[] | undefined> {
  try {
    return await readEntries(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOTDIR') await removeFile(path)
    else if (errno !== 'ENOENT') throw error
    return undefined
  }
}

async function removeAll(folder: string, entries: readonly Dirent[]): Promise<void> {
  const queue = entries.values()
  const worker = async (): Promise<void> => {
    for (const entry of queue) {
      const path = join(folder, entry.name)
      await (entry.isDirectory() ? removeTree(path) : removeFile(path))
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, entries.length) }, worker))
}

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw error
  }
}
