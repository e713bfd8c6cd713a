import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { errnoOf } from '../failure.ts'
import { close, fsync, open, readNames, stat, unlink, writeAll } from './calls.ts'
import type { Folders } from './folders.ts'

/** A file that is being written and that nobody reads yet. Ends by `close` and a rename, or by `discard`. */
export class TemporaryFile {
  readonly path: string
  readonly #descriptor: number
  #open = true

  constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
  }

  write(buffers: readonly Uint8Array[]): Promise<void> {
    return writeAll(this.#descriptor, buffers)
  }

  sync(): Promise<void> {
    return fsync(this.#descriptor)
  }

  /** Its failure counts: network file systems report here what an unsynced write met. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await close(this.#descriptor)
  }

  /** Removes the file after a failure. Never throws, so that the failure is what the caller hears of. */
  async discard(): Promise<void> {
    await this.close().catch(() => undefined)
    await unlink(this.path).catch(() => undefined)
  }
}

/**
 * The one folder of temporary files: inside the root, so that rename(2) works, and apart from the data, so that no
 * listing meets half an object.
 */
export class TemporaryFiles {
  readonly #folder: string
  readonly #folders: Folders

  constructor(root: string, folders: Folders) {
    this.#folder = join(root, '_berth', 'tmp')
    this.#folders = folders
  }

  async create(): Promise<TemporaryFile> {
    const path = join(this.#folder, randomUUID())
    const descriptor = await this.#folders.within(this.#folder, () => open(path, 'wx'))
    return new TemporaryFile(path, descriptor)
  }

  /** Removes what processes left that died; returns how many files. Each write renews the time of a living one. */
  async removeOlderThan(milliseconds: number): Promise<number> {
    let removed = 0
    for (const name of await this.#names()) {
      const path = join(this.#folder, name)
      try {
        const { mtimeMs } = await stat(path)
        if (Date.now() - mtimeMs < milliseconds) continue
        await unlink(path)
        removed++
      } catch (error) {
        // Renamed into place, or removed by another process.
        if (errnoOf(error) !== 'ENOENT') throw error
      }
    }
    return removed
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readNames(this.#folder)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    }
  }
}
