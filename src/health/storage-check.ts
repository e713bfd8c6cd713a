import type { StorageDriver, StoragePath } from '../storage/driver.ts'
import type { Check, Rhythm } from './check.ts'
import { reasonOf } from './reason.ts'

export interface StorageCheckOptions extends Rhythm {
  readonly driver: StorageDriver
  /** What is asked for. It need not be there: a store that says so has answered. */
  readonly path: StoragePath
}

/** Milliseconds; a store that takes longer for one look at a path is of no use. */
const limit = 10_000

/** Fails while the store does not answer. Only looks, so that it does for a read-only store as well. */
export function storageCheck({ driver, path, interval, threshold }: StorageCheckOptions): Check {
  return {
    name: `storagedriver_${driver.name}`,
    interval,
    threshold,
    limit,
    run: async () => {
      try {
        await driver.stat(path)
      } catch (error) {
        // What clients are told hides the cause from them; the operator wants just that.
        throw new Error(reasonOf(error instanceof Error ? (error.cause ?? error) : error), { cause: error })
      }
    },
  }
}
