import { dirname } from 'node:path'
import { errnoOf } from '../failure.ts'
import { close, link, open, rename, unlink } from './calls.ts'
import type { Folders } from './folders.ts'
import type { TemporaryFile } from './temporary.ts'

/** What link(2) answers on file systems without hard links, such as FAT, CIFS and many in user space. */
const noLinks: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

/** Gives a finished file its name, replacing what has it. */
export function place(file: TemporaryFile, target: string, folders: Folders): Promise<void> {
  return folders.within(dirname(target), () => rename(file.path, target))
}

/** Gives a finished file its name unless something has it; of several at once, exactly one returns true. */
export async function placeIfAbsent(file: TemporaryFile, target: string, folders: Folders): Promise<boolean> {
  try {
    await folders.within(dirname(target), () => link(file.path, target))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST') {
      await file.discard()
      return false
    }
    if (noLinks.has(errno)) return claim(file, target, folders)
    throw error
  }
  await unlink(file.path)
  return true
}

/**
 * Without hard links, an empty file claims the name until the rename: for a moment, or after a crash, a reader sees an
 * object of no bytes, which counts as absent for links.
 */
async function claim(file: TemporaryFile, target: string, folders: Folders): Promise<boolean> {
  try {
    await close(await folders.within(dirname(target), () => open(target, 'wx')))
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    await file.discard()
    return false
  }
  await place(file, target, folders)
  return true
}
