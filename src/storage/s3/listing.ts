import type { StoragePath } from '../driver.ts'
import { unavailable } from '../failure.ts'
import type { Store } from './store.ts'

/**
 * Names right below a folder that sort after `after`, in byte order.
 *
 * S3 sorts a folder by its name with the slash: `a-b/` and `a.b/` come before `a/`, since `-` and `.` sort before `/`. So the names
 * of a page are sorted, and at its end it is asked whether folders are still to come that belong before what it holds: only such
 * as the last name begins with can.
 */
export async function* listNames(
  store: Store,
  path: StoragePath,
  after: string = '',
): AsyncGenerator<string, void, undefined> {
  const folder = store.keys.folder(path)
  const known = new Set<string>()
  let given = after
  let token: string | undefined
  do {
    const page = await listPage(
      store,
      folder,
      '/',
      token === undefined ? startAfter(folder, after) : { token },
    )
    token = page.next
    const names = new Set(page.keys.map((key) => key.slice(folder.length)))
    for (const prefix of page.folders) names.add(prefix.slice(folder.length, -1))
    if (token !== undefined)
      for (const name of await latecomers(store, folder, page.last, given, known)) names.add(name)
    for (const name of [...names].toSorted()) {
      // A folder that was told of before its turn, and what is of the page only because S3 sorts otherwise.
      if (name <= given) continue
      yield name
      given = name
    }
  } while (token !== undefined)
}

/** Folders that S3 lists after `last` although they sort before it. */
async function latecomers(
  store: Store,
  folder: string,
  last: string,
  given: string,
  known: Set<string>,
): Promise<readonly string[]> {
  const name = last.slice(folder.length).replace(/\/$/, '')
  const candidates = [...name.matchAll(/[-.]/g)]
    .map(({ index }) => name.slice(0, index))
    .filter((prefix) => prefix > given && !known.has(prefix))
  const found: string[] = []
  await Promise.all(
    candidates.map(async (prefix) => {
      known.add(prefix)
      if (await isFolder(store, `${folder}${prefix}/`)) found.push(prefix)
    }),
  )
  return found
}

async function isFolder(store: Store, prefix: string): Promise<boolean> {
  const { keys } = await listPage(store, prefix, undefined, {}, 1)
  return keys.length > 0
}

/** All keys below a folder, a page at a time. */
export async function* listKeys(
  store: Store,
  folder: string,
): AsyncGenerator<readonly string[], void, undefined> {
  let token: string | undefined
  do {
    const page = await listPage(store, folder, undefined, token === undefined ? {} : { token })
    token = page.next
    if (page.keys.length > 0) yield page.keys
  } while (token !== undefined)
}

interface Start {
  readonly after?: string
  readonly token?: string
}

interface Page {
  readonly keys: readonly string[]
  readonly folders: readonly string[]
  /** The last of both, as S3 sorts them. */
  readonly last: string
  /** Undefined when this is the last page. */
  readonly next: string | undefined
}

async function listPage(
  store: Store,
  prefix: string,
  delimiter: '/' | undefined,
  { after, token }: Start,
  most: number = store.pageSize,
): Promise<Page> {
  const { sdk, requests, bucket } = store
  const output = await requests.send('ListObjectsV2', prefix, ({ client, signal }) =>
    client.send(
      new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(delimiter !== undefined && { Delimiter: delimiter }),
        ...(after !== undefined && { StartAfter: after }),
        ...(token !== undefined && { ContinuationToken: token }),
        MaxKeys: most,
      }),
      { abortSignal: signal },
    ),
  )
  const keys = (output.Contents ?? []).map(({ Key = '' }) => Key)
  const folders = (output.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix)
  const next = output.IsTruncated === true ? output.NextContinuationToken : undefined
  // As from one that knows only the first version of lists: what it holds back must not count as absent.
  if (output.IsTruncated === true && (next === undefined || next === token))
    throw unavailable('the store says that there is more to list, and not where')
  return { keys, folders, last: [keys.at(-1) ?? '', folders.at(-1) ?? ''].toSorted().at(-1) ?? '', next }
}

/**
 * Where S3 begins. All that is stored is of a few characters, so that what a client asks for needs to be handed on only as far as it
 * is of them; what comes too early is left out above.
 */
function startAfter(folder: string, after: string): Start {
  const usable = /^[A-Za-z0-9._/-]{0,255}/.exec(after)?.[0] ?? ''
  return usable === '' ? {} : { after: folder + usable }
}
