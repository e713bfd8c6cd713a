import type { HttpAuthorization } from '@azure/storage-blob'
import { signedUrl } from './signed-url.ts'
import type { Store } from './store.ts'

/** A blob that the store is to fetch by its URL, and by what right. */
export interface Source {
  readonly url: string
  readonly options: { readonly sourceAuthorization?: HttpAuthorization }
}

/** Seconds; a copy of a large object waits for its turn. */
const goodFor = 4 * 3600

/** @throws AzureFailure when the store, or who gives out tokens, says no */
export async function sourceOf(store: Store, key: string): Promise<Source> {
  const sourceAuthorization = await store.access.bearer()
  if (sourceAuthorization === undefined)
    return { url: (await signedUrl(store, key, goodFor)).href, options: {} }
  return { url: store.client.getBlobClient(key).url, options: { sourceAuthorization } }
}
