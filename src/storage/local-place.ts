import { readFile, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { nearestFolder } from './filesystem/facts.ts'
import { isOnLocalMount } from './filesystem/network-mount.ts'

/**
 * Whether a file lies, or would lie, for certain on this machine alone.
 *
 * @param mountinfo where the system says what is mounted; false where it does not
 */
export async function isOnThisMachineAlone(file: string, mountinfo: string): Promise<boolean> {
  try {
    const place = await realpath(await nearestFolder(resolve(file)))
    return isOnLocalMount(await readFile(mountinfo, 'utf8'), place)
  } catch {
    return false
  }
}
