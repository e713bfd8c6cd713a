import type { Config } from '../config/config.ts'
import type { UpkeepTask } from '../server/upkeep.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { removeProbes } from '../storage/probes.ts'
import { purgeUploads } from '../stored/upload-purge.ts'
import type { Logger } from '../util/logger.ts'

const minute = 60 * 1000
const day = 24 * 60 * minute

/**
 * What is done beside serving. Distribution's defaults: abandoned uploads go after a week, looked for once a day from some time in
 * the first hour on.
 *
 * @returns nothing for a registry that only reads
 */
export function upkeepTasks(driver: StorageDriver, config: Config, log: Logger): readonly UpkeepTask[] {
  const { uploadpurging, readonly } = config.storage.maintenance
  if (readonly.enabled) return []
  const { enabled, age, interval, dryrun } = uploadpurging
  const purge: UpkeepTask = {
    name: 'upload purging',
    delay: Math.random() * 60 * minute,
    interval: Math.max(interval, minute),
    run: () => purgeUploads(driver, { age, dryRun: dryrun }, log),
  }
  // Whatever is being written is written to all the time: what was not for a day, its process left when it died.
  const tidy: UpkeepTask = {
    name: 'leftovers',
    delay: 0,
    interval: day,
    run: async () => (await removeTemporaries(driver)) + (await removeProbes(driver, day)),
  }
  return enabled ? [tidy, purge] : [tidy]
}

/** What an object store has of the kind goes with the uploads that it may belong to. */
async function removeTemporaries(driver: StorageDriver): Promise<number> {
  return driver.minChunk === undefined ? await driver.removeLeftovers(day) : 0
}
