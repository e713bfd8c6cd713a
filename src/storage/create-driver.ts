import type { AzureOptions } from './azure/options.ts'
import type { StorageDriver } from './driver.ts'
import { FilesystemDriver } from './filesystem/driver.ts'
import type { FilesystemOptions } from './filesystem/options.ts'
import type { GcsOptions } from './gcs/options.ts'
import { MemoryDriver } from './memory/driver.ts'
import type { S3Options } from './s3/options.ts'

export type DriverOptions =
  | ({ readonly kind: 'filesystem' } & FilesystemOptions)
  | { readonly kind: 'inmemory' }
  | ({ readonly kind: 's3' } & S3Options)
  | ({ readonly kind: 'gcs' } & GcsOptions)
  | ({ readonly kind: 'azure' } & AzureOptions)

/** Those of one kind. */
export type OptionsOf<Kind extends DriverOptions['kind']> = Extract<DriverOptions, { readonly kind: Kind }>

/**
 * Opens a store. The drivers that bring a provider's SDK with them are loaded only when asked for.
 *
 * @throws Error of one line, when the SDK is not installed or something that the options name cannot be used
 */
export async function createDriver(options: DriverOptions): Promise<StorageDriver> {
  switch (options.kind) {
    case 'filesystem':
      return new FilesystemDriver(options)
    case 'inmemory':
      return new MemoryDriver()
    case 's3':
      return (await import('./s3/driver.ts')).createS3Driver(options)
    case 'gcs':
      return (await import('./gcs/driver.ts')).createGcsDriver(options)
    default:
      return (await import('./azure/driver.ts')).createAzureDriver(options)
  }
}
