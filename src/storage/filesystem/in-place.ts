import { dirname } from 'node:path'
import { close, open, unlink, writeAll } from './calls.ts'
import type { Folders } from './folders.ts'

/**
 * Writes a small file at its place, neither durably nor in one step: for what has its path to itself. Half of the calls that a
 * temporary file takes, and an upload has several such files.
 *
 * @throws the error of a system call; the file is gone then
 */
export async function writeInPlace(target: string, content: Uint8Array, folders: Folders): Promise<void> {
  const descriptor = await folders.within(dirname(target), () => open(target, 'w'))
  try {
    if (content.length > 0) await writeAll(descriptor, [content])
  } catch (error) {
    await unlink(target).catch(() => undefined)
    throw error
  } finally {
    await close(descriptor)
  }
}
