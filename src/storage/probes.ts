import { createHash, randomUUID } from 'node:crypto'
import { hostname, networkInterfaces } from 'node:os'
import { type StorageDriver, type StoragePath, storagePath } from './driver.ts'

/** Where data will lie, in a name that both registries skip: a mount in between, or a right for a prefix, shows here. */
const folder = 'docker/registry/v2/_berth/probes'

/** What the self test writes: the same at each start, so that a store that lets nothing be deleted does not fill; another one in each replica, also
 * where all have one name and are process 1. */
export function probePath(): StoragePath {
  const name = createHash('sha256')
    .update(JSON.stringify([hostname(), process.pid, networkInterfaces()]))
    .digest('hex')
    .slice(0, 16)
  return storagePath(`${folder}/${name}`)
}

/** A folder for one trial of the store. */
export function newTrialFolder(): StoragePath {
  return storagePath(`${folder}/trial-${randomUUID()}`)
}

/**
 * Removes what self tests and trials left that did not come to their end, once it is so many milliseconds old. Returns how many there were.
 *
 * @throws RegistryError STORAGE_UNAVAILABLE
 */
export async function removeProbes(driver: StorageDriver, olderThan: number): Promise<number> {
  let removed = 0
  for await (const name of driver.list(storagePath(folder))) {
    const path = storagePath(`${folder}/${name}`)
    const info = await driver.stat(path)
    if (info === undefined || Date.now() - info.modified.getTime() < olderThan) continue
    await driver.deleteTree(path)
    removed++
  }
  return removed
}
