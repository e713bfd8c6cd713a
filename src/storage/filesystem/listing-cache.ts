import type { Stats } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { errnoOf, guarded } from '../failure.ts'
import { readNames, stat } from './calls.ts'

/**
 * A folder that changed in the last two seconds is read afresh: a further change may get the same time, on file systems
 * that count in whole seconds (ext3, HFS+), or in two (FAT).
 */
const settledAfter = 2_000

/** Names from which on a folder is worth being kept: a small one is read as fast as it is checked. */
const largeFolder = 500

const cachedBytes = 64 * 1024 * 1024
const cachedFolders = 10_000

/** What V8 needs for a string and a slot of an array, besides its characters. */
const nameOverhead = 24

/** What a path may hold; names of foreign files that none can hold are passed over. */
const component = /^[A-Za-z0-9._-]{1,255}$/

interface Listing {
  readonly identity: string
  readonly names: readonly string[]
}

/** A folder that is large, and of which nothing else is known yet. */
const unchecked: Listing = { identity: '', names: [] }

/** The sorted names of large folders, kept while a folder stays as it is: a page of a long listing costs one stat. */
export class ListingCache {
  readonly #listings = new LRUCache<string, Listing>({
    max: cachedFolders,
    maxSize: cachedBytes,
    sizeCalculation: ({ names }) => names.reduce((sum, name) => sum + name.length + nameOverhead, 1),
  })

  /**
   * The names in `folder`, in byte order; none when it is absent or no folder.
   *
   * @throws RegistryError STORAGE_UNAVAILABLE
   */
  async names(folder: string): Promise<readonly string[]> {
    const known = this.#listings.get(folder)
    if (known !== undefined) return await this.#namesOfLarge(folder, known)
    const names = await guarded(readSorted(folder))
    if (names.length >= largeFolder) this.#listings.set(folder, unchecked)
    return names
  }

  clear(): void {
    this.#listings.clear()
  }

  async #namesOfLarge(folder: string, known: Listing): Promise<readonly string[]> {
    // Before the stat: a change between the two counts as recent.
    const now = Date.now()
    const info = await guarded(statFolder(folder))
    if (info === undefined) {
      this.#listings.delete(folder)
      return []
    }
    const identity = `${info.dev} ${info.ino} ${info.mtimeMs} ${info.ctimeMs}`
    if (known.identity === identity) return known.names

    const names = await guarded(readSorted(folder))
    // A change after the stat, even during readdir, gives the folder another time than `identity` has.
    const settled = Math.max(info.mtimeMs, info.ctimeMs) < now - settledAfter
    if (settled) this.#listings.set(folder, { identity, names })
    else this.#listings.set(folder, unchecked)
    return names
  }
}

async function statFolder(folder: string): Promise<Stats | undefined> {
  try {
    return await stat(folder)
  } catch (error) {
    return ignoreAbsent(error, undefined)
  }
}

async function readSorted(folder: string): Promise<readonly string[]> {
  try {
    const names = await readNames(folder)
    // oxlint-disable-next-line unicorn/no-array-sort -- its own array, and long
    return names.filter((name) => isComponent(name)).sort()
  } catch (error) {
    return ignoreAbsent(error, [])
  }
}

function isComponent(name: string): boolean {
  return component.test(name) && name !== '.' && name !== '..'
}

function ignoreAbsent<Value>(error: unknown, value: Value): Value {
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return value
  throw error
}
