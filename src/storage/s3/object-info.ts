import type { FileInfo, StoragePath } from '../driver.ts'
import { isAbsent } from './errors.ts'
import type { Store } from './store.ts'

/** An object's size and time; undefined when there is none. */
export async function headObject(store: Store, key: string): Promise<FileInfo | undefined> {
  const { sdk, requests, bucket } = store
  try {
    const found = await requests.send('HeadObject', key, ({ client, signal }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal }),
    )
    return { size: found.ContentLength ?? 0, modified: found.LastModified ?? new Date(0), isFolder: false }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** What lies at a path; a folder is there while something is below it, and is as old as the first of that. */
export async function statPath(store: Store, path: StoragePath): Promise<FileInfo | undefined> {
  const object = await headObject(store, store.keys.object(path))
  if (object !== undefined) return object
  const { sdk, requests, bucket } = store
  const prefix = store.keys.folder(path)
  const { Contents = [] } = await requests.send('ListObjectsV2', prefix, ({ client, signal }) =>
    client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }), {
      abortSignal: signal,
    }),
  )
  const first = Contents[0]
  return first && { size: 0, modified: first.LastModified ?? new Date(0), isFolder: true }
}
