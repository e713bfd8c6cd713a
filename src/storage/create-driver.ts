import type { StorageDriver } from './driver.ts'
import { FilesystemDriver } from './filesystem/driver.ts'
import type { FilesystemOptions } from './filesystem/options.ts'
import { MemoryDriver } from './memory/driver.ts'

export type DriverOptions =
  | ({ readonly kind: 'filesystem' } & FilesystemOptions)
  | { readonly kind: 'inmemory' }

export function createDriver(options: DriverOptions): StorageDriver {
  return options.kind === 'filesystem' ? new FilesystemDriver(options) : new MemoryDriver()
}
