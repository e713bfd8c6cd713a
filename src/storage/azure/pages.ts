import type { BlobItem } from '@azure/storage-blob'
import { unavailable } from '../failure.ts'
import type { Store } from './store.ts'

export interface PageOptions {
  readonly prefix: string
  /** Names with it after the prefix are told of as folders. */
  readonly delimiter?: '/'
  /** Names before it are left out, if the store knows how. */
  readonly from?: string
  /** Where the last page said that the next one begins. */
  readonly marker?: string
  /** Names at most. */
  readonly most?: number
}

export interface ListedBlob {
  readonly key: string
  readonly modified: Date
}

export interface Page {
  readonly blobs: readonly ListedBlob[]
  /** Each ends with the delimiter. */
  readonly folders: readonly string[]
  /** The last of both, as byte order has it; empty when there are none. */
  readonly last: string
  /** Undefined when this is the last page. A page without names may be followed by others. */
  readonly next: string | undefined
}

/** @throws AzureFailure; STORAGE_UNAVAILABLE when the store says that the next page is this one */
export async function listPage(
  { client, requests, pageSize }: Store,
  { prefix, delimiter, from, marker, most = pageSize }: PageOptions,
): Promise<Page> {
  const { items, prefixes, next } = await requests.send('List Blobs', prefix, async ({ signal }) => {
    const options = { prefix, abortSignal: signal, ...(from !== undefined && { startFrom: from }) }
    const settings = { maxPageSize: most, ...(marker !== undefined && { continuationToken: marker }) }
    const pages =
      delimiter === undefined
        ? client.listBlobsFlat(options).byPage(settings)
        : client.listBlobsByHierarchy(delimiter, options).byPage(settings)
    const { value } = await pages.next()
    // A page always comes, be it empty.
    if (value === undefined) return { items: [], prefixes: [], next: undefined, date: undefined }
    const { segment, continuationToken, date } = value
    return {
      items: segment.blobItems,
      prefixes: 'blobPrefixes' in segment ? (segment.blobPrefixes ?? []) : [],
      next: continuationToken === '' ? undefined : continuationToken,
      date,
    }
  })
  if (next !== undefined && next === marker)
    throw unavailable(`the store gives the same page of ${prefix} again`)
  const blobs = items.map(({ name, properties }: BlobItem) => ({
    key: name,
    modified: properties.lastModified,
  }))
  const folders = prefixes.map(({ name }: { readonly name: string }) => name)
  const [blob, folder] = [blobs.at(-1)?.key ?? '', folders.at(-1) ?? '']
  return { blobs, folders, last: blob > folder ? blob : folder, next }
}

/** All blobs below a prefix, a page at a time. */
export async function* listBlobs(
  store: Store,
  prefix: string,
): AsyncGenerator<readonly ListedBlob[], void, undefined> {
  let marker: string | undefined
  do {
    const page = await listPage(store, { prefix, ...(marker !== undefined && { marker }) })
    marker = page.next
    if (page.blobs.length > 0) yield page.blobs
  } while (marker !== undefined)
}
