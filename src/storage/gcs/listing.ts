import type { StoragePath } from '../driver.ts'
import { unavailable } from '../failure.ts'
import { fieldsOf, textOf } from './errors.ts'
import { inByteOrder, type NamesPage } from './listing-order.ts'
import { type Resource, resourceOf, sessionType } from './resource.ts'
import type { Store } from './store.ts'

/** What lies in a folder, a page at a time: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
export interface Page {
  readonly objects: readonly Resource[]
  /** With their slash. */
  readonly folders: readonly string[]
  /** Undefined when this is the last page. */
  readonly next: string | undefined
}

interface Start {
  readonly delimiter?: '/'
  /** The first name. */
  readonly from?: string | undefined
  readonly token?: string | undefined
}

const fields = 'nextPageToken,prefixes,items(name,size,updated,generation,contentType)'

/** @throws GcsFailure; STORAGE_UNAVAILABLE when the store says that the next page is this one */
export async function listPage(
  { requests, addresses, pageSize }: Store,
  prefix: string,
  { delimiter, from, token }: Start,
  most: number = pageSize,
): Promise<Page> {
  const url = addresses.objects({
    prefix,
    delimiter,
    startOffset: from,
    pageToken: token,
    maxResults: String(most),
    fields,
  })
  const { content } = await requests.send('ListObjects', prefix, ({ ask }) => ask({ method: 'GET', url }))
  const { items, prefixes } = content
  const next = textOf(content['nextPageToken'])
  if (next !== undefined && next === token)
    throw unavailable(`the store gives the same page of ${prefix} again`)
  return {
    objects: (Array.isArray(items) ? (items as unknown[]) : [])
      .map((item) => resourceOf(fieldsOf(item)))
      .filter(({ contentType }) => contentType !== sessionType || delimiter === undefined),
    folders: (Array.isArray(prefixes) ? (prefixes as unknown[]) : []).map(String),
    next,
  }
}

/** Names right below a folder that sort after `after`, in byte order. */
export async function* listNames(
  store: Store,
  path: StoragePath,
  after: string = '',
): AsyncGenerator<string, void, undefined> {
  const folder = store.keys.folder(path)
  yield* inByteOrder(
    {
      pages: pagesOf(store, folder, after),
      isFolder: async (name) => (await listPage(store, `${folder}${name}/`, {}, 1)).objects.length > 0,
    },
    after,
  )
}

async function* pagesOf(
  store: Store,
  folder: string,
  after: string,
): AsyncGenerator<NamesPage, void, undefined> {
  // All that is stored is of these characters, so that what a client asks for counts only as far as it is of them.
  const usable = /^[A-Za-z0-9._/-]{0,255}/.exec(after)?.[0] ?? ''
  const from = usable === '' ? undefined : folder + usable
  let token: string | undefined
  do {
    const page = await listPage(store, folder, { delimiter: '/', from, token })
    token = page.next
    yield {
      objects: page.objects.map(({ name }) => name.slice(folder.length)),
      folders: page.folders.map((name) => name.slice(folder.length, -1)),
      hasMore: token !== undefined,
    }
  } while (token !== undefined)
}

/** All objects below a folder, a page at a time. */
export async function* listObjects(
  store: Store,
  folder: string,
): AsyncGenerator<readonly Resource[], void, undefined> {
  let token: string | undefined
  do {
    const page = await listPage(store, folder, { token })
    token = page.next
    if (page.objects.length > 0) yield page.objects
  } while (token !== undefined)
}
