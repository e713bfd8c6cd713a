import type { BlobGetPropertiesResponse } from '@azure/storage-blob'
import type { FileInfo, StoragePath } from '../driver.ts'
import { isAbsent } from './errors.ts'
import { listPage } from './pages.ts'
import type { Store } from './store.ts'

/** A blob's properties; undefined when there is none, or one that a copy has not filled, see `isWhole`. */
export async function headBlob(store: Store, key: string): Promise<BlobGetPropertiesResponse | undefined> {
  const found = await propertiesOf(store, key)
  return found !== undefined && isWhole(found) ? found : undefined
}

/** The same, whether it is whole or not. */
export async function propertiesOf(
  { client, requests }: Store,
  key: string,
): Promise<BlobGetPropertiesResponse | undefined> {
  try {
    return await requests.send('Get Blob Properties', key, ({ signal }) =>
      client.getBlobClient(key).getProperties({ abortSignal: signal }),
    )
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/**
 * Whether a blob has its bytes. The target of a copy that is under way or broke off is a blob of no bytes until it ends:
 * https://learn.microsoft.com/rest/api/storageservices/copy-blob
 */
export function isWhole({ copyStatus }: { readonly copyStatus?: string | undefined }): boolean {
  return copyStatus === undefined || copyStatus === 'success'
}

export async function statBlob(store: Store, key: string): Promise<FileInfo | undefined> {
  const found = await headBlob(store, key)
  return (
    found && { size: found.contentLength ?? 0, modified: found.lastModified ?? new Date(0), isFolder: false }
  )
}

/** What lies at a path; a folder is there while something is below it, and is as old as the first of that. */
export async function statPath(store: Store, path: StoragePath): Promise<FileInfo | undefined> {
  const blob = await statBlob(store, store.keys.object(path))
  if (blob !== undefined) return blob
  let marker: string | undefined
  do {
    const page = await listPage(store, {
      prefix: store.keys.folder(path),
      most: 1,
      ...(marker !== undefined && { marker }),
    })
    const [first] = page.blobs
    if (first !== undefined) return { size: 0, modified: first.modified, isFolder: true }
    marker = page.next
  } while (marker !== undefined)
  return undefined
}
