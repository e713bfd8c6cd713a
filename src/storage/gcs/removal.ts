import type { StoragePath } from '../driver.ts'
import { Limiter } from '../object-store/limiter.ts'
import { isAbsent } from './errors.ts'
import { listObjects } from './listing.ts'
import type { Store } from './store.ts'

/** One request removes one object. */
const removedTogether = 16

/**
 * Removes an object. Returns whether there was one; true, too, when only an attempt whose answer was lost can tell.
 *
 * @param generation of the object that is meant; of another one nothing is removed
 */
export async function removeObject(store: Store, key: string, generation?: string): Promise<boolean> {
  const { requests, addresses } = store
  const url = addresses.object(key, { ifGenerationMatch: generation })
  let wasTried = false
  try {
    await requests.send('DeleteObject', key, async ({ ask, mayBeDone }) => {
      wasTried = mayBeDone
      await ask({ method: 'DELETE', url, ...(generation !== undefined && { expected: [412] }) })
    })
    return true
  } catch (error) {
    if (isAbsent(error)) return wasTried
    throw error
  }
}

/** Removes objects, be they there or not. */
export async function removeKeys(store: Store, keys: readonly string[]): Promise<void> {
  await new Limiter(removedTogether).all(keys, (key) => removeObject(store, key))
}

/** Removes what lies at a path and all below it. */
export async function deleteFolder(store: Store, path: StoragePath): Promise<void> {
  for await (const objects of listObjects(store, store.keys.folder(path)))
    await removeKeys(
      store,
      objects.map(({ name }) => name),
    )
  // Not asked for: that there is nothing is no error.
  await removeObject(store, store.keys.object(path))
}
