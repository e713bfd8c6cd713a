import { dirname } from 'node:path'
import { LRUCache } from 'lru-cache'
import { bounded } from '../../util/bounded.ts'
import { errnoOf } from '../failure.ts'
import { mkdir, rmdir } from './calls.ts'
import { FolderSync } from './durable.ts'

/** How often a writer makes its folder again before it gives up: each time, a deleter must have come between. */
const attempts = 100

/** More folders than one process makes in the seconds before it makes their entries durable. */
const rememberedFolders = 16_384

/**
 * Makes the folders of a tree, removes the empty ones, and makes their entries durable.
 *
 * Deleters remove a folder as soon as it is empty, without a lock. So a writer never relies on a folder it saw: it tries,
 * and on ENOENT makes the folder and tries again.
 */
export class Folders {
  readonly #root: string
  readonly #sync = new FolderSync()
  /**
   * Folders that this process made, or found made in the same moment, and whose entry no fsync of their parent covers
   * yet. Whoever writes into one durably must sync its parent too, even if another call (one that need not be durable)
   * made it. The token tells apart a folder that was removed and made again meanwhile.
   * What another process has just made is left to the file system: fsync of a folder flushes the journal up to its
   * change in ext4 and XFS, and logs new ancestors in btrfs.
   */
  readonly #unsynced = new LRUCache<string, object>(bounded(rememberedFolders))
  /** Folders that were there lately. A hint: one that is gone is made again. */
  readonly #known = new LRUCache<string, true>(bounded(rememberedFolders))

  constructor(root: string) {
    this.#root = root
  }

  /**
   * Runs `action`, which needs `folder`, and makes the folder when the action fails for want of it.
   *
   * @throws the action's error
   */
  async within<Result>(folder: string, action: () => Promise<Result>): Promise<Result> {
    // Most new objects come with a folder of their own: asking first whether it is there would be a call for nothing.
    if (!this.#known.has(folder)) await this.#make(folder)
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await action()
        this.#known.set(folder, true)
        return result
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' || attempt === attempts) throw error
        await this.#make(folder)
      }
    }
  }

  /** Makes durable the entries of `folders` and those of the new folders that lead to them, each folder synced once. */
  async persist(...folders: readonly string[]): Promise<void> {
    const toSync = new Set(folders)
    const covered = new Map<string, object>()
    for (const folder of folders) {
      // Up to the top of the file system, for the root itself may be new.
      for (let child = folder; child !== dirname(child); child = dirname(child)) {
        const token = this.#unsynced.get(child)
        if (token === undefined) continue
        covered.set(child, token)
        toSync.add(dirname(child))
      }
    }
    await Promise.all([...toSync].map((folder) => this.#sync.sync(folder)))
    for (const [folder, token] of covered) {
      if (this.#unsynced.get(folder) === token) this.#unsynced.delete(folder)
    }
  }

  /**
   * Removes `folder` and those above it while they are empty, up to the root, which stays.
   *
   * @returns the lowest folder that is left
   */
  async prune(folder: string): Promise<string> {
    let empty = folder
    for (; empty.length > this.#root.length; empty = dirname(empty)) {
      const token = this.#unsynced.get(empty)
      try {
        await rmdir(empty)
        if (this.#unsynced.get(empty) === token) this.#unsynced.delete(empty)
        this.#known.delete(empty)
      } catch (error) {
        // Somebody else removed it, and may not have come to its parent yet.
        if (errnoOf(error) !== 'ENOENT') break
      }
    }
    return empty
  }

  /** mkdir -p. A deleter may undo any of it at any moment: what is missing then, the caller's loop makes. */
  async #make(folder: string): Promise<void> {
    if ((await this.#makeOne(folder)) || dirname(folder) === folder) return
    await this.#make(dirname(folder))
    await this.#makeOne(folder)
  }

  /** Returns whether the folder is there; false when its parent is not. */
  async #makeOne(folder: string): Promise<boolean> {
    // Noted before, for others who use the folder before this call hears that it made it; and after, see #unsynced.
    this.#unsynced.set(folder, {})
    try {
      await mkdir(folder)
      this.#unsynced.set(folder, {})
      return true
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EEXIST') return true
      this.#unsynced.delete(folder)
      if (errno === 'ENOENT') return false
      throw error
    }
  }
}
