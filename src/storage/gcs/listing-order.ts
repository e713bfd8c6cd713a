/** A page of a listing by a store that sorts names by their bytes, those of folders with the slash at their end. */
export interface NamesPage {
  /** Names of objects right below the folder. */
  readonly objects: readonly string[]
  /** Names of folders, without the slash. */
  readonly folders: readonly string[]
  /** Whether more pages follow. */
  readonly hasMore: boolean
}

export interface PagedFolder {
  readonly pages: AsyncIterable<NamesPage>
  /** Whether anything lies below the folder of that name. */
  readonly isFolder: (name: string) => Promise<boolean>
}

/**
 * Names right below a folder that sort after `after`, in byte order.
 *
 * A store sorts a folder by its name with the slash: `a-b/` and `a.b/` come before `a/`, since `-` and `.` sort before `/`. So
 * it is asked, at a page's end, whether folders are still to come that belong before what the page holds: only such as its last name
 * begins with can. Some servers tell of all folders with each page; those that sort after its last object wait for the next one.
 */
export async function* inByteOrder(
  { pages, isFolder }: PagedFolder,
  after: string,
): AsyncGenerator<string, void, undefined> {
  const asked = new Set<string>()
  let given = after
  let waiting: readonly string[] = []
  for await (const { objects, folders, hasMore } of pages) {
    const lastObject = objects.at(-1)
    const isSettled = (name: string): boolean =>
      !hasMore || lastObject === undefined || `${name}/` < lastObject
    const known = [...waiting, ...folders]
    waiting = known.filter((name) => !isSettled(name))
    const settled = known.filter(isSettled)
    const names = new Set([...objects, ...settled])
    if (hasMore) {
      const last = lastObject ?? folders.at(-1) ?? ''
      const candidates = [...last.matchAll(/[-.]/g)]
        .map(({ index }) => last.slice(0, index))
        .filter((name) => name > given && !asked.has(name))
      await Promise.all(
        candidates.map(async (name) => {
          asked.add(name)
          if (await isFolder(name)) names.add(name)
        }),
      )
    }
    for (const name of [...names].toSorted()) {
      // A folder that was told of before its turn, and what is of the page only because the store sorts otherwise.
      if (name <= given) continue
      yield name
      given = name
    }
  }
}
