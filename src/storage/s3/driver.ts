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
import { headObject, statPath } from './object-info.ts'
import { openObject, readObject } from './object-reader.ts'
import { createObject } from './object-writer.ts'
import type { S3Options } from './options.ts'
import { deleteFolder, deleteObject, removeKeys, removeObject } from './removal.ts'
import { signedUrl } from './signed-url.ts'
import { KnownSizes } from './known-sizes.ts'
import { smallestPart } from '../object-store/sizes.ts'
import type { Store } from './store.ts'

/**
 * Objects of an S3 bucket, with Distribution's keys. What S3 acknowledged is durable and seen by everybody, so that `durable` has no
 * meaning here.
 *
 * @throws Error when the SDK is not installed, or a file of certificates cannot be read
 */
export async function createS3Driver(options: S3Options): Promise<StorageDriver> {
  return new S3Driver(await connect(options), options.redirectEndpoint)
}

class S3Driver implements StorageDriver {
  readonly name = 's3'
  readonly minChunk: number = smallestPart
  readonly #store: Store
  readonly #redirectEndpoint: string | undefined
  readonly #sizes = new KnownSizes()

  constructor(store: Store, redirectEndpoint: string | undefined) {
    this.#store = store
    this.#redirectEndpoint = redirectEndpoint
  }

  async stat(path: StoragePath, { folders = true }: StatOptions = {}): Promise<FileInfo | undefined> {
    return folders ? statPath(this.#store, path) : headObject(this.#store, this.#key(path))
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
    const key = this.#key(path)
    const size = await createObject(this.#store, key, source)
    this.#sizes.add(key, size)
    return size
  }

  async move(from: StoragePath, to: StoragePath, options: MoveOptions = {}): Promise<boolean> {
    const [source, target] = [this.#key(from), this.#key(to)]
    if (source === target) return (await headObject(this.#store, source)) !== undefined
    const isThere = await copyObject(this.#store, source, target, options.size ?? this.#sizes.take(source))
    if (isThere && options.keepSource !== true) await removeObject(this.#store, source)
    return isThere
  }

  async concatenate(parts: readonly SourcePart[], to: StoragePath): Promise<void> {
    const sources = parts.map(({ path, size }) => ({ key: this.#key(path), size }))
    await concatenateObjects(this.#store, sources, this.#key(to))
  }

  async delete(path: StoragePath): Promise<boolean> {
    return deleteObject(this.#store, this.#key(path))
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

  async signedUrl(path: StoragePath, use: UrlUse): Promise<URL> {
    const key = this.#key(path)
    try {
      return await signedUrl(this.#store, key, use, this.#redirectEndpoint)
    } catch (error) {
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
    this.#store.requests.client.destroy()
  }

  #key(path: StoragePath): string {
    return this.#store.keys.object(path)
  }
}
