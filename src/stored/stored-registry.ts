import type { Registry } from '../registry/registry.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { ForwardingRegistry } from '../registry/forwarding.ts'
import { StoredDeleter } from './deleter.ts'
import { StoredLister } from './lister.ts'
import { StoredReader } from './reader.ts'
import { Referrers } from './referrers.ts'
import { createStore } from './store.ts'
import { StoredWriter } from './writer.ts'

/** The registry whose truth is what lies in a driver, in Distribution's layout. */
export function createStoredRegistry(driver: StorageDriver): Registry {
  const store = createStore(driver)
  const reader = new StoredReader(store)
  const referrers = new Referrers(store, reader)
  const lister = new StoredLister(store, referrers)
  const writer = new StoredWriter(store, reader, referrers)
  const deleter = new StoredDeleter(store, reader)
  return new ForwardingRegistry(reader, writer, deleter, lister)
}
