import { dirname, join, resolve } from 'node:path'
import {
  type ByteRange,
  type FileInfo,
  type OpenObject,
  type Publication,
  type StorageDriver,
  type StoragePath,
  storagePath,
  type WriteOptions,
} from '../driver.ts'
import { errnoOf, guarded, storageFailure } from '../failure.ts'
import { firstAfter } from '../sorted.ts'
import { BufferPool } from '../../util/buffer-pool.ts'
import { StreamBuffers } from '../../util/stream-buffers.ts'
import { rename, stat, unlink } from './calls.ts'
import { Folders } from './folders.ts'
import { ListingCache } from './listing-cache.ts'
import { openObject } from './object-reader.ts'
import { writeObject } from './object-writer.ts'
import type { FilesystemOptions } from './options.ts'
import { place, placeIfAbsent } from './placement.ts'
import { readSmall } from './small-read.ts'
import { writeInPlace } from './in-place.ts'
import { type TemporaryFile, TemporaryFiles } from './temporary.ts'
import { removeTree } from './tree-removal.ts'

/** Holds every link, and most manifests. */
const smallBuffer = 16 * 1024

/**
 * Objects as files below a root folder, in Distribution's tree.
 *
 * A new object is written to a temporary file, made durable, and renamed into place, so that a reader or a crash meets
 * all of it or nothing. There are no locks: see `folders.ts` for the race of writers and deleters.
 */
export class FilesystemDriver implements StorageDriver {
  readonly name = 'filesystem'
  readonly #root: string
  readonly #folders: Folders
  readonly #temporaries: TemporaryFiles
  readonly #listings = new ListingCache()
  readonly #streamBuffers = new StreamBuffers()
  readonly #smallBuffers = new BufferPool(smallBuffer, 64)

  constructor(options: FilesystemOptions) {
    this.#root = resolve(options.rootDirectory)
    this.#folders = new Folders(this.#root)
    this.#temporaries = new TemporaryFiles(this.#root, this.#folders)
  }

  async stat(path: StoragePath): Promise<FileInfo | undefined> {
    try {
      const info = await stat(this.#resolve(path))
      const isFolder = info.isDirectory()
      return { size: isFolder ? 0 : info.size, modified: info.mtime, isFolder }
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw storageFailure(error)
    }
  }

  async read(path: StoragePath, limit: number = Infinity): Promise<Buffer | undefined> {
    return readSmall(this.#resolve(path), limit, this.#smallBuffers)
  }

  async write(path: StoragePath, content: Uint8Array, options: WriteOptions = {}): Promise<boolean> {
    const target = this.#resolve(path)
    const ifAbsent = options.ifAbsent === true
    if (options.durable === false && !ifAbsent) {
      await guarded(writeInPlace(target, content, this.#folders), target)
      return true
    }
    const durable = options.durable !== false
    const isThere = (): Promise<boolean> => this.#isThere(path, options.isNothing)
    // Asked first because a yes costs no sync of a file.
    const written =
      !(ifAbsent && (await isThere())) &&
      (await this.#writeFile(target, content, durable, ifAbsent ? isThere : undefined))
    // Also when another call wrote it: it may have, so far, only made the object visible.
    if (durable) await guarded(this.#folders.persist(dirname(target)), target)
    return written
  }

  async publish(objects: readonly Publication[]): Promise<void> {
    const targets = objects.map(({ path }) => this.#resolve(path))
    const files = await this.#prepareAll(objects, targets)
    for (const [index, file] of files.entries()) {
      const target = targets[index] as string
      try {
        if (file !== undefined) await guarded(place(file, target, this.#folders))
      } catch (error) {
        await discardAll(files.slice(index))
        throw error
      }
    }
    await guarded(this.#folders.persist(...targets.map((target) => dirname(target))))
  }

  async open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined> {
    return openObject(this.#resolve(path), range, this.#streamBuffers)
  }

  async create(
    path: StoragePath,
    source: AsyncIterable<Uint8Array>,
    options: Pick<WriteOptions, 'durable'> = {},
  ): Promise<number> {
    const target = this.#resolve(path)
    const file = await guarded(this.#temporaries.create(), target)
    const size = await this.#orDiscard(file, async () => {
      const bytes = await writeObject(file, source, target)
      await guarded(this.#finish(file, true), target)
      await guarded(place(file, target, this.#folders))
      return bytes
    })
    if (options.durable !== false) await guarded(this.#folders.persist(dirname(target)), target)
    return size
  }

  async move(
    from: StoragePath,
    to: StoragePath,
    options: Pick<WriteOptions, 'durable'> = {},
  ): Promise<boolean> {
    const source = this.#resolve(from)
    const target = this.#resolve(to)
    const moved = await guarded(
      this.#folders.within(dirname(target), async () => {
        try {
          await rename(source, target)
          return true
        } catch (error) {
          // ENOENT may speak of either end.
          if (isAbsent(error) && (await this.stat(from)) === undefined) return false
          throw error
        }
      }),
    )
    if (!moved) await this.#folders.prune(dirname(target))
    else if (options.durable !== false) await guarded(this.#folders.persist(dirname(target)), target)
    return moved
  }

  async delete(path: StoragePath): Promise<boolean> {
    const target = this.#resolve(path)
    try {
      await unlink(target)
    } catch (error) {
      if (isAbsent(error) || (await this.stat(path))?.isFolder === true) return false
      throw storageFailure(error)
    }
    await guarded(this.#folders.persist(await this.#folders.prune(dirname(target))), target)
    return true
  }

  async deleteTree(path: StoragePath): Promise<void> {
    const target = this.#resolve(path)
    await guarded(removeTree(target))
    await this.#folders.prune(dirname(target))
  }

  async *list(path: StoragePath, after?: string): AsyncGenerator<string, void, undefined> {
    const names = await this.#listings.names(this.#resolve(path))
    for (let index = firstAfter(names, after); index < names.length; index++) yield names[index] as string
  }

  async removeLeftovers(olderThan: number): Promise<number> {
    return guarded(this.#temporaries.removeOlderThan(olderThan))
  }

  async close(): Promise<void> {
    this.#listings.clear()
  }

  /** Parses once more: should a forged path come this far, it must not lead out of the root. */
  #resolve(path: StoragePath): string {
    return join(this.#root, storagePath(path))
  }

  /** Whether an object lies at a path that counts. */
  async #isThere(path: StoragePath, isNothing: WriteOptions['isNothing']): Promise<boolean> {
    if (isNothing === undefined) return (await this.stat(path)) !== undefined
    const found = await this.read(path)
    return found !== undefined && !isNothing(found)
  }

  /** @param isThere asked before the file gets its name: only if absent; unset: always */
  async #writeFile(
    target: string,
    content: Uint8Array,
    durable: boolean,
    isThere?: () => Promise<boolean>,
  ): Promise<boolean> {
    const file = await this.#prepare(target, content, durable)
    return this.#orDiscard(file, async () => {
      if (isThere !== undefined) return guarded(placeIfAbsent(file, target, this.#folders, isThere))
      await guarded(place(file, target, this.#folders))
      return true
    })
  }

  /** A temporary file with all of `content`, closed. */
  async #prepare(target: string, content: Uint8Array, durable: boolean): Promise<TemporaryFile> {
    const file = await guarded(this.#temporaries.create(), target)
    return this.#orDiscard(file, async () => {
      await guarded(file.write([content]), target)
      await guarded(this.#finish(file, durable), target)
      return file
    })
  }

  /** Files for those that have content. When one fails, none is left. */
  async #prepareAll(
    objects: readonly Publication[],
    targets: readonly string[],
  ): Promise<readonly (TemporaryFile | undefined)[]> {
    const results = await Promise.allSettled(
      objects.map(async ({ content }, index) =>
        content === undefined ? undefined : await this.#prepare(targets[index] as string, content, true),
      ),
    )
    const files = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return files
    await discardAll(files)
    throw failed.reason
  }

  async #finish(file: TemporaryFile, durable: boolean): Promise<void> {
    if (durable) await file.sync()
    await file.close()
  }

  async #orDiscard<Result>(file: TemporaryFile, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      await file.discard()
      throw error
    }
  }
}

async function discardAll(files: readonly (TemporaryFile | undefined)[]): Promise<void> {
  for (const file of files) await file?.discard()
}

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ENOTDIR'
}
