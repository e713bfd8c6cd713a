import type { CheckOptions } from './check-options.ts'
import type { DriverOptions } from './create-driver.ts'
import { checkFilesystem, rememberFolders } from './filesystem/check.ts'

/**
 * The self test: whether a store can be used as it is configured. What it writes it removes.
 *
 * @throws StoreProblem
 */
export async function checkDriver(options: DriverOptions, how: CheckOptions = {}): Promise<void> {
  switch (options.kind) {
    case 'inmemory':
      return
    case 'filesystem':
      return await checkFilesystem(options, how)
    case 's3':
      return await (await import('./s3/check.ts')).checkS3(options, how)
    case 'gcs':
      return await (await import('./gcs/check.ts')).checkGcs(options, how)
    case 'azure':
      return await (await import('./azure/check.ts')).checkAzure(options, how)
  }
}

/**
 * Remembers what a mere look at a store could leave there besides objects.
 *
 * @returns removes that
 */
export async function rememberStore(options: DriverOptions): Promise<() => Promise<void>> {
  return options.kind === 'filesystem' ? await rememberFolders(options) : async () => {}
}
