import type { StorageDriver } from '../storage/driver.ts'
import { readOnlyDriver } from '../storage/read-only.ts'
import { allOf, nobody, type Deletions } from './deletions.ts'
import { Contents, type OnLookup } from './contents.ts'
import { RepositoryTree } from './repository-tree.ts'
import { Links } from './links.ts'
import type { Digest } from '../registry/digest.ts'
import { Presence } from './presence.ts'
import type { PresentBlob } from './present-blob.ts'
import type { SharedCache } from './shared-cache.ts'
import { Sightings } from './sightings.ts'

/** What the halves of the stored registry share: the driver, and what this process remembers of what it found there. */
export interface Store {
  readonly driver: StorageDriver
  readonly links: Links
  readonly contents: Contents
  /** Blobs found lately. */
  readonly blobs: Presence<PresentBlob>
  /** Manifests found lately, each as the digest that it is stored under. */
  readonly manifests: Presence<Digest>
  readonly sightings: Sightings
  readonly tree: RepositoryTree
  readonly deletions: Deletions
}

/** @param shared what processes on other machines remember, too */
export function createStore(
  driver: StorageDriver,
  onLookup?: OnLookup,
  peers: Deletions = nobody,
  shared?: SharedCache,
): Store {
  const deletions = shared === undefined ? peers : allOf(peers, shared.deletions)
  const store: Store = {
    deletions,
    driver,
    links: new Links(driver),
    contents: new Contents(driver, onLookup, shared),
    blobs: new Presence(shared?.blobs),
    manifests: new Presence(shared?.manifests),
    sightings: new Sightings(),
    tree: new RepositoryTree(driver),
  }
  deletions.onTold((repository, digest) => {
    if (digest !== undefined) {
      store.blobs.forget(repository, digest)
      store.manifests.forget(repository, digest)
    }
    store.tree.changed(repository)
  })
  return store
}

/** The same store, not to be written to: what was remembered so far counts there, too. */
export function readOnlyStore(store: Store): Store {
  const driver = readOnlyDriver(store.driver)
  return { ...store, driver, links: new Links(driver) }
}
