import type { FileInfo, StoragePath } from '../driver.ts'
import { isAbsent } from './errors.ts'
import { listPage } from './listing.ts'
import { type Resource, resourceFields, resourceOf, sessionType } from './resource.ts'
import type { Store } from './store.ts'

/** What the store says of an object; undefined when there is none. */
export async function describeObject(store: Store, key: string): Promise<Resource | undefined> {
  const { requests, addresses } = store
  const url = addresses.object(key, { fields: resourceFields })
  try {
    const { content } = await requests.send('GetObject', key, ({ ask }) => ask({ method: 'GET', url }))
    return resourceOf(content)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** An object's size and time; undefined when there is none, or one of Distribution's uploads in progress. */
export async function statObject(store: Store, key: string): Promise<FileInfo | undefined> {
  const object = await describeObject(store, key)
  if (object === undefined || object.contentType === sessionType) return undefined
  return { size: object.size, modified: object.modified, isFolder: false }
}

/** What lies at a path; a folder is there while something is below it, and is as old as the first of that. */
export async function statPath(store: Store, path: StoragePath): Promise<FileInfo | undefined> {
  const object = await statObject(store, store.keys.object(path))
  if (object !== undefined) return object
  const { objects } = await listPage(store, store.keys.folder(path), {}, 1)
  const [first] = objects
  return first && { size: 0, modified: first.modified, isFolder: true }
}
