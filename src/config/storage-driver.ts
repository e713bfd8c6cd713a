import { didYouMean } from './check-shape.ts'
import type { Problem } from './config-error.ts'
import { storageDrivers, storageSections } from './distribution-layout.ts'
import { describeSource } from './source.ts'
import { child, withEntry, withoutEntry, type Tree } from './tree.ts'

/** The drivers of this version. */
const allowed = 'exactly one of filesystem, inmemory, s3, gcs, azure'

/** What is under `storage` besides its sections: the drivers that were asked for. */
function driversOf(root: Tree): readonly (readonly [string, Tree])[] {
  const storage = child(root, 'storage')
  if (storage?.kind !== 'map') return []
  return [...storage.entries].filter(([key]) => !Object.hasOwn(storageSections, key))
}

/**
 * Takes the built-in driver away when a variable brings another one: who starts without a file and sets
 * `REGISTRY_STORAGE_S3_BUCKET` does not want two drivers.
 */
export function dropBuiltInDriver(root: Tree): Tree {
  const drivers = driversOf(root)
  const storage = child(root, 'storage')
  if (drivers.length < 2 || root.kind !== 'map' || storage?.kind !== 'map') return root
  let kept = storage
  for (const [name, driver] of drivers) if (isBuiltIn(driver)) kept = withoutEntry(kept, name)
  return withEntry(root, 'storage', kept)
}

function isBuiltIn(tree: Tree): boolean {
  const inner = tree.kind === 'map' ? [...tree.entries.values()] : []
  return tree.source.kind === 'default' && inner.every(isBuiltIn)
}

/** There must be exactly one driver, and one that exists. */
export function checkStorageDriver(root: Tree): readonly Problem[] {
  const drivers = driversOf(root)
  const path = ['storage']
  const storage = child(root, 'storage')
  const place = { source: (storage ?? root).keySource }
  const unknown = drivers
    .filter(([name]) => !Object.hasOwn(storageDrivers, name))
    .map(([name, driver]): Problem => {
      const hint = didYouMean(name, [...Object.keys(storageDrivers), ...Object.keys(storageSections)])
      return {
        source: driver.keySource,
        path: [...path, name],
        text: `no such storage driver${hint}; allowed: ${allowed}`,
      }
    })
  if (unknown.length > 0) return unknown
  if (drivers.length === 1) return []
  if (drivers.length === 0) {
    return [{ ...place, path, text: `found no storage driver; allowed: ${allowed}` }]
  }
  const found = drivers.map(([name, driver]) => `${name} (${describeSource(driver.keySource)})`)
  const byVariable = drivers.find(([, driver]) => driver.keySource.kind === 'variable')?.[0]
  const hint =
    byVariable === undefined
      ? ''
      : `; to replace the storage section of the file, set REGISTRY_STORAGE=${byVariable} as well`
  return [
    {
      ...place,
      path,
      text: `found ${drivers.length} storage drivers: ${found.join(', ')}; allowed: ${allowed}${hint}`,
    },
  ]
}
