import type { Registry } from '../registry/registry.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { ForwardingRegistry } from '../registry/forwarding.ts'
import type { OnLookup } from './contents.ts'
import type { Deletions } from './deletions.ts'
import { StoredDeleter } from './deleter.ts'
import { StoredLister } from './lister.ts'
import { StoredReader } from './reader.ts'
import { Referrers } from './referrers.ts'
import type { SharedCache } from './shared-cache.ts'
import { createStore, readOnlyStore, type Store } from './store.ts'
import { StoredWriter } from './writer.ts'

/** The registry whose truth is what lies in a driver, in Distribution's layout. */
export function createStoredRegistry(driver: StorageDriver): Registry {
  return registryOf(createStore(driver))
}

/** One store as a registry that writes, and as one that writes nothing at all. They share what is remembered. */
export interface StoredRegistries {
  readonly writable: Registry
  readonly readOnly: Registry
}

/**
 * @param onLookup told of every look for a content in memory, and whether it was there
 * @param deletions the way to other processes on the same store
 * @param shared what processes on other machines remember, too
 */
export function createStoredRegistries(
  driver: StorageDriver,
  onLookup?: OnLookup,
  deletions?: Deletions,
  shared?: SharedCache,
): StoredRegistries {
  const store = createStore(driver, onLookup, deletions, shared)
  return { writable: registryOf(store), readOnly: registryOf(readOnlyStore(store)) }
}

function registryOf(store: Store): Registry {
  const reader = new StoredReader(store)
  const referrers = new Referrers(store, reader)
  const lister = new StoredLister(store, referrers)
  const writer = new StoredWriter(store, reader, referrers)
  const deleter = new StoredDeleter(store, reader)
  return new ForwardingRegistry(reader, writer, deleter, lister)
}
