import type { Config } from '../config/config.ts'
import { storagePath, type StorageDriver } from '../storage/driver.ts'

/**
 * Finds out before the first request whether the store can be written to.
 *
 * @throws Error in one line
 */
export async function preflight(driver: StorageDriver, config: Config): Promise<void> {
  if (config.storage.maintenance.readonly.enabled) return
  // Where data will lie, and as it is written: a mount in between would show now.
  const probe = storagePath('docker/registry/v2/_berth/probe')
  try {
    await driver.write(probe, new Uint8Array())
    await driver.delete(probe)
  } catch (error) {
    throw new Error(`cannot write to the storage${placeOf(config)}: ${reasonOf(error)}`, { cause: error })
  }
}

function placeOf({ storage }: Config): string {
  return storage.driver.name === 'filesystem' ? ` at ${storage.driver.rootdirectory}` : ''
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
