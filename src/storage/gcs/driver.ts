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
import { concatenateObjects } from './concatenate.ts'
import { putIfAbsent, putObject } from './conditional-write.ts'
import { connect } from './connect.ts'
import { copyObject } from './copy.ts'
import { removeLeftovers } from './leftovers.ts'
import { listNames } from './listing.ts'
import { describeObject, statObject, statPath } from './object-info.ts'
import { openObject, readObject } from './object-reader.ts'
import { createObject } from './object-writer.ts'
import type { GcsOptions } from './options.ts'
import { deleteFolder, removeKeys, removeObject } from './removal.ts'
import { signedUrl } from './signed-url.ts'
import type { Store } from './store.ts'

/** The store composes objects of any size, but each one costs a request. */
const worthwhileChunk = 5 * 1024 ** 2

/**
 * Objects of a bucket of Google Cloud Storage, with Distribution's keys. What it acknowledged is durable and seen by everybody, so that
 * `durable` has no meaning here.
 *
 * @throws Error of one line, when the SDK is not installed or a key cannot be read
 */
export async function createGcsDriver(options: GcsOptions): Promise<StorageDriver> {
  return new GcsDriver(await connect(options))
}

class GcsDriver implements StorageDriver {
  readonly name = 'gcs'
  readonly minChunk: number = worthwhileChunk
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async stat(path: StoragePath, { folders = true }: StatOptions = {}): Promise<FileInfo | undefined> {
    return folders ? statPath(this.#store, path) : statObject(this.#store, this.#key(path))
  }

  async read(path: StoragePath, limit?: number): Promise<Buffer | undefined> {
    return (await readObject(this.#store, this.#key(path), limit))?.content
  }

  async write(path: StoragePath, content: Uint8Array, options: WriteOptions = {}): Promise<boolean> {
    const key = this.#key(path)
    if (options.ifAbsent === true) return putIfAbsent(this.#store, key, content, options.isNothing)
    await putObject(this.#store, key, content)
    return true
  }

  async publish(objects: readonly Publication[]): Promise<void> {
    const keys = objects.map(({ path }) => this.#key(path))
    // One after the other, for that is how they must become visible.
    for (const [index, { content }] of objects.entries())
      if (content !== undefined) await putObject(this.#store, keys[index] as string, content)
  }

  async open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined> {
    return openObject(this.#store, this.#key(path), range)
  }

  async create(path: StoragePath, source: AsyncIterable<Uint8Array>): Promise<number> {
    return createObject(this.#store, this.#key(path), source)
  }

  async move(from: StoragePath, to: StoragePath, options: MoveOptions = {}): Promise<boolean> {
    const [source, target] = [this.#key(from), this.#key(to)]
    if (source === target) return (await describeObject(this.#store, source)) !== undefined
    const isThere = await copyObject(this.#store, source, target)
    if (isThere && options.keepSource !== true) await removeObject(this.#store, source)
    return isThere
  }

  async concatenate(parts: readonly SourcePart[], to: StoragePath): Promise<void> {
    const sources = parts.map(({ path, size }) => ({ key: this.#key(path), size }))
    await concatenateObjects(this.#store, sources, this.#key(to))
  }

  async delete(path: StoragePath): Promise<boolean> {
    return removeObject(this.#store, this.#key(path))
  }

  async deleteTree(path: StoragePath, { entries }: DeleteTreeOptions = {}): Promise<void> {
    if (entries === undefined) return deleteFolder(this.#store, path)
    const folder = this.#store.keys.folder(path)
    await removeKeys(
      this.#store,
      entries.map((name) => folder + name),
    )
  }

  list(path: StoragePath, after?: string): AsyncIterable<string> {
    return listNames(this.#store, path, after)
  }

  async signedUrl(path: StoragePath, use: UrlUse): Promise<URL | undefined> {
    const key = this.#key(path)
    try {
      return await signedUrl(this.#store, key, use)
    } catch (error) {
      if (error instanceof RegistryError) throw error
      // A key that is none; the error of the library could quote it.
      const cause = new Error(`GCS: the URL of ${JSON.stringify(key)} cannot be signed with the given key`)
      throw new RegistryError('STORAGE_UNAVAILABLE', { cause })
    }
  }

  objectKey(path: StoragePath): string {
    return this.#key(path)
  }

  async removeLeftovers(olderThan: number, { dryRun = false }: LeftoverOptions = {}): Promise<number> {
    return removeLeftovers(this.#store, olderThan, dryRun)
  }

  async close(): Promise<void> {
    this.#store.requests.close()
  }

  #key(path: StoragePath): string {
    return this.#store.keys.object(path)
  }
}
