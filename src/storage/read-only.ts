import type { StorageDriver } from './driver.ts'
import { unavailable } from './failure.ts'

/** A store that is only looked at: whatever would write fails, derived data included. */
export function readOnlyDriver(inner: StorageDriver): StorageDriver {
  return {
    name: inner.name,
    ...(inner.minChunk !== undefined && { minChunk: inner.minChunk }),
    stat: (path, options) => inner.stat(path, options),
    read: (path, limit) => inner.read(path, limit),
    open: (path, range) => inner.open(path, range),
    list: (path, after) => inner.list(path, after),
    close: () => inner.close(),
    write: refuse,
    publish: refuse,
    create: refuse,
    move: refuse,
    delete: refuse,
    deleteTree: refuse,
    removeLeftovers: async () => 0,
    ...(inner.concatenate && { concatenate: refuse }),
    ...(inner.signedUrl && { signedUrl: async (path, use) => inner.signedUrl?.(path, use) }),
  }
}

async function refuse(): Promise<never> {
  throw unavailable('the store is read-only (storage.maintenance.readonly)')
}
