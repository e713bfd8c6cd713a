import type { StoragePath } from '../driver.ts'
import { listPage } from './pages.ts'
import type { Store } from './store.ts'

/**
 * Names right below a folder that sort after `after`, in byte order.
 *
 * Azure sorts a folder by its name with the slash: `a-b/` and `a.b/` come before `a/`, since `-` and `.` sort before `/`. So the names
 * of a page are sorted, and at its end it is asked whether folders are still to come that belong before what it holds: only such
 * as the last name begins with can.
 */
export async function* listNames(
  store: Store,
  path: StoragePath,
  after: string = '',
): AsyncGenerator<string, void, undefined> {
  const prefix = store.keys.folder(path)
  const known = new Set<string>()
  let given = after
  let marker: string | undefined
  do {
    const page = await listPage(store, {
      prefix,
      delimiter: '/',
      ...(marker === undefined ? startFrom(prefix, after) : { marker }),
    })
    marker = page.next
    const names = new Set(page.blobs.map(({ key }) => key.slice(prefix.length)))
    for (const folder of page.folders) names.add(folder.slice(prefix.length, -1))
    if (marker !== undefined)
      for (const name of await latecomers(store, prefix, page.last, given, known)) names.add(name)
    for (const name of [...names].toSorted()) {
      // A folder that was told of before its turn, and what a store gives that does not know where to begin.
      if (name <= given) continue
      yield name
      given = name
    }
  } while (marker !== undefined)
}

/** Folders that Azure lists after `last` although they sort before it. */
async function latecomers(
  store: Store,
  prefix: string,
  last: string,
  given: string,
  known: Set<string>,
): Promise<readonly string[]> {
  const name = last.slice(prefix.length).replace(/\/$/, '')
  const candidates = [...name.matchAll(/[-.]/g)]
    .map(({ index }) => name.slice(0, index))
    .filter((candidate) => candidate > given && !known.has(candidate))
  const found: string[] = []
  await Promise.all(
    candidates.map(async (candidate) => {
      known.add(candidate)
      if (await isFolder(store, `${prefix}${candidate}/`)) found.push(candidate)
    }),
  )
  return found
}

async function isFolder(store: Store, prefix: string): Promise<boolean> {
  const { blobs } = await listPage(store, { prefix, most: 1 })
  return blobs.length > 0
}

/**
 * Where Azure begins, that name included: one below the folder, in full. All that is stored is of a few characters, so that what a client
 * asks for needs to be handed on only as far as it is of them; what comes too early is left out above.
 */
function startFrom(prefix: string, after: string): { readonly from?: string } {
  const usable = /^[A-Za-z0-9._-]{0,255}/.exec(after)?.[0] ?? ''
  return usable === '' ? {} : { from: prefix + usable }
}
