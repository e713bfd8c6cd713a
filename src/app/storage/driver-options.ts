import type { StorageDriverConfig } from '../../config/config.ts'
import type { DriverOptions } from '../../storage/create-driver.ts'
import { azureOptions } from './azure.ts'
import { gcsOptions } from './gcs.ts'
import { s3Options } from './s3.ts'
import type { DriverSurroundings } from './surroundings.ts'

/** What the configuration says, in the words of the drivers. */
export function driverOptions(driver: StorageDriverConfig, surroundings: DriverSurroundings): DriverOptions {
  switch (driver.name) {
    case 'filesystem':
      return { kind: 'filesystem', rootDirectory: driver.rootdirectory }
    case 'inmemory':
      return { kind: 'inmemory' }
    case 's3':
      return s3Options(driver, surroundings)
    case 'gcs':
      return gcsOptions(driver, surroundings)
    default:
      return azureOptions(driver, surroundings)
  }
}
