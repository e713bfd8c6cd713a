import { dirname } from 'node:path'
import { errnoOf } from '../failure.ts'
import { link, rename, stat, unlink } from './calls.ts'
import type { Folders } from './folders.ts'
import { exclusively } from './path-lock.ts'
import type { TemporaryFile } from './temporary.ts'

/** What link(2) answers on file systems without hard links, such as FAT, CIFS and many in user space. */
const noLinks: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

/** How often a file is placed anew whose place others take and leave meanwhile. */
const attempts = 20

/** Gives a finished file its name, replacing what has it. */
export function place(file: TemporaryFile, target: string, folders: Folders): Promise<void> {
  return folders.within(dirname(target), () => rename(file.path, target))
}

/**
 * Gives a finished file its name unless something has it that counts; of several at once, exactly one returns true. link(2) is
 * what decides. What it cannot do is done under a lock: to replace what does not count, and all where there are no hard links.
 *
 * @param isThere whether something that counts has the name; false also when something has it that does not
 */
export async function placeIfAbsent(
  file: TemporaryFile,
  target: string,
  folders: Folders,
  isThere: () => Promise<boolean>,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const refusal = await linked(file, target, folders)
    if (refusal === undefined) return true
    if (await isThere()) {
      await file.discard()
      return false
    }
    const hasLinks = !noLinks.has(errnoOf(refusal))
    const isPlaced = await exclusively(target, file, async () => {
      if (await isThere()) return false
      // Removed since: now anybody may link, with no lock.
      if (hasLinks && !(await exists(target))) return false
      await place(file, target, folders)
      return true
    })
    if (isPlaced) return true
    if (attempt === attempts) throw refusal
  }
}

/** @returns the error when the name is taken, or where there are no hard links */
async function linked(file: TemporaryFile, target: string, folders: Folders): Promise<unknown> {
  try {
    await folders.within(dirname(target), () => link(file.path, target))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST' || noLinks.has(errno)) return error
    throw error
  }
  await unlink(file.path)
  return undefined
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
