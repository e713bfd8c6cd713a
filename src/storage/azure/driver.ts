import { RegistryError } from '../../registry/errors.ts'
import type {
  ByteRange,
  DeleteTreeOptions,
  FileInfo,
  LeftoverOptions,
  MoveOptions,
  OpenObject,
  Publication,
  SourcePart,
  StatOptions,
  StorageDriver,
  StoragePath,
  UrlUse,
  WriteOptions,
} from '../driver.ts'
import { concatenateBlobs } from './concatenate.ts'
import { putBlob, putIfAbsent } from './conditional-write.ts'
import { connect } from './connect.ts'
import { copyBlob } from './copy.ts'
import { removeLeftovers } from './leftovers.ts'
import { listNames } from './listing.ts'
import { headBlob, statBlob, statPath } from './object-info.ts'
import { openBlob, readBlob } from './object-reader.ts'
import { createBlob, type CreateOptions } from './object-writer.ts'
import type { AzureOptions } from './options.ts'
import { deleteBlob, deleteBlobs, deleteFolder } from './removal.ts'
import { signedUrl } from './signed-url.ts'
import { usualChunk } from './sizes.ts'
import type { Store } from './store.ts'

/**
 * Blobs of a container of Azure Blob Storage, with Distribution's names. What Azure acknowledged is durable and seen by everybody.
 *
 * @throws Error when an SDK is not installed, or takes no such credentials
 */
export async function createAzureDriver(options: AzureOptions): Promise<StorageDriver> {
  return new AzureDriver(await connect(options))
}

class AzureDriver implements StorageDriver {
  readonly name = 'azure'
  readonly minChunk: number = usualChunk
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async stat(path: StoragePath, { folders = true }: StatOptions = {}): Promise<FileInfo | undefined> {
    return folders ? statPath(this.#store, path) : statBlob(this.#store, this.#key(path))
  }

  async read(path: StoragePath, limit?: number): Promise<Buffer | undefined> {
    return (await readBlob(this.#store, this.#key(path), limit))?.content
  }

  async write(path: StoragePath, content: Uint8Array, options: WriteOptions = {}): Promise<boolean> {
    const key = this.#key(path)
    if (options.ifAbsent === true) return putIfAbsent(this.#store, key, content, options.isNothing)
    await putBlob(this.#store, key, content)
    return true
  }

  async publish(objects: readonly Publication[]): Promise<void> {
    const keys = objects.map(({ path }) => this.#key(path))
    // One after the other, for that is how they must become visible.
    for (const [index, { content }] of objects.entries())
      if (content !== undefined) await putBlob(this.#store, keys[index] as string, content)
  }

  async open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined> {
    return openBlob(this.#store, this.#key(path), range)
  }

  async create(
    path: StoragePath,
    source: AsyncIterable<Uint8Array>,
    options: CreateOptions = {},
  ): Promise<number> {
    return createBlob(this.#store, this.#key(path), source, options)
  }

  async move(from: StoragePath, to: StoragePath, { keepSource = false }: MoveOptions = {}): Promise<boolean> {
    const [source, target] = [this.#key(from), this.#key(to)]
    if (source === target) return (await headBlob(this.#store, source)) !== undefined
    const isThere = await copyBlob(this.#store, source, target)
    if (isThere && !keepSource) await deleteBlob(this.#store, source)
    return isThere
  }

  async concatenate(parts: readonly SourcePart[], to: StoragePath): Promise<void> {
    const sources = parts.map(({ path, size }) => ({ key: this.#key(path), size }))
    await concatenateBlobs(this.#store, sources, this.#key(to))
  }

  async delete(path: StoragePath): Promise<boolean> {
    return deleteBlob(this.#store, this.#key(path))
  }

  async deleteTree(path: StoragePath, { entries }: DeleteTreeOptions = {}): Promise<void> {
    if (entries === undefined) return deleteFolder(this.#store, path)
    const folder = this.#store.keys.folder(path)
    await deleteBlobs(
      this.#store,
      entries.map((name) => folder + name),
    )
  }

  list(path: StoragePath, after?: string): AsyncIterable<string> {
    return listNames(this.#store, path, after)
  }

  async signedUrl(path: StoragePath, { expires }: UrlUse): Promise<URL> {
    const key = this.#key(path)
    try {
      return await signedUrl(this.#store, key, expires)
    } catch (error) {
      if (error instanceof RegistryError) throw error
      throw new RegistryError('STORAGE_UNAVAILABLE', { cause: error })
    }
  }

  objectKey(path: StoragePath): string {
    return this.#key(path)
  }

  async removeLeftovers(olderThan: number, { dryRun = false }: LeftoverOptions = {}): Promise<number> {
    return removeLeftovers(this.#store, olderThan, dryRun)
  }

  async close(): Promise<void> {
    // The SDK keeps its connections for all its clients, and lets go of idle ones by itself.
  }

  #key(path: StoragePath): string {
    return this.#store.keys.object(path)
  }
}
