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
import { unavailable } from '../failure.ts'
import { firstAfter } from '../sorted.ts'
import type { MemoryOptions } from './options.ts'
import { find, type MemoryFile, MemoryFolder, removeAndPrune } from './tree.ts'

const chunkBytes = 256 * 1024

/**
 * Objects in the memory of this process, lost when it ends: Distribution's `inmemory`, and the store of tests.
 *
 * Between two awaits nothing else runs, so each change of the tree is atomic as it stands.
 */
export class MemoryDriver implements StorageDriver {
  readonly name = 'inmemory'
  readonly #now: () => number
  readonly #root: MemoryFolder

  constructor(options: MemoryOptions = {}) {
    this.#now = options.now ?? Date.now
    this.#root = new MemoryFolder(this.#date())
  }

  async stat(path: StoragePath): Promise<FileInfo | undefined> {
    const node = find(this.#root, split(path))
    if (node === undefined) return undefined
    const isFolder = node instanceof MemoryFolder
    return { size: isFolder ? 0 : node.content.length, modified: node.modified, isFolder }
  }

  async read(path: StoragePath, limit: number = Infinity): Promise<Buffer | undefined> {
    const content = this.#file(path)?.content
    if (content === undefined) return undefined
    if (content.length > limit) return undefined
    return Buffer.from(content)
  }

  async write(path: StoragePath, content: Uint8Array, options: WriteOptions = {}): Promise<boolean> {
    const names = split(path)
    if (options.ifAbsent === true && this.#isThere(names, options)) return false
    this.#put(names, { content: Buffer.from(content), modified: this.#date() })
    return true
  }

  async publish(objects: readonly Publication[]): Promise<void> {
    for (const { path, content } of objects) if (content !== undefined) await this.write(path, content)
  }

  async open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined> {
    const content = this.#file(path)?.content
    return content === undefined ? undefined : new MemoryObject(content, range)
  }

  async create(path: StoragePath, source: AsyncIterable<Uint8Array>): Promise<number> {
    const names = split(path)
    const chunks: Uint8Array[] = []
    for await (const chunk of source) chunks.push(Uint8Array.from(chunk))
    const content = Buffer.concat(chunks)
    this.#put(names, { content, modified: this.#date() })
    return content.length
  }

  async move(from: StoragePath, to: StoragePath): Promise<boolean> {
    const file = this.#file(from)
    const names = split(from)
    const target = split(to)
    if (file === undefined) return false
    if (from === to) return true
    this.#put(target, file)
    const folder = find(this.#root, names.slice(0, -1))
    // As rename(2): folders left empty stay.
    if (folder instanceof MemoryFolder) folder.remove(names.at(-1) as string)
    return true
  }

  async delete(path: StoragePath): Promise<boolean> {
    if (this.#file(path) === undefined) return false
    removeAndPrune(this.#root, split(path))
    return true
  }

  async deleteTree(path: StoragePath): Promise<void> {
    if (find(this.#root, split(path)) !== undefined) removeAndPrune(this.#root, split(path))
  }

  async *list(path: StoragePath, after?: string): AsyncGenerator<string, void, undefined> {
    const folder = find(this.#root, split(path))
    if (!(folder instanceof MemoryFolder)) return
    const names = folder.names
    for (let index = firstAfter(names, after); index < names.length; index++) yield names[index] as string
  }

  /** A process that died took its memory along. */
  async removeLeftovers(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {
    // Holds nothing but memory.
  }

  #isThere(names: readonly string[], { isNothing }: WriteOptions): boolean {
    const node = find(this.#root, names)
    if (node === undefined || node instanceof MemoryFolder) return node !== undefined
    return isNothing?.(Buffer.from(node.content)) !== true
  }

  #file(path: StoragePath): MemoryFile | undefined {
    const node = find(this.#root, split(path))
    return node instanceof MemoryFolder ? undefined : node
  }

  #put(names: readonly string[], file: MemoryFile): void {
    let folder = this.#root
    for (const name of names.slice(0, -1)) {
      const child = folder.get(name) ?? new MemoryFolder(file.modified)
      if (!(child instanceof MemoryFolder))
        throw unavailable(`an object is where a folder should be: ${name}`)
      folder.set(name, child)
      folder = child
    }
    const name = names.at(-1) as string
    if (folder.get(name) instanceof MemoryFolder) throw unavailable(`a folder is at ${names.join('/')}`)
    folder.set(name, file)
  }

  #date(): Date {
    return new Date(this.#now())
  }
}

class MemoryObject implements OpenObject {
  readonly size: number
  readonly #content: Buffer
  #taken = false
  #closed = false

  constructor(content: Buffer, range: ByteRange | undefined) {
    this.size = content.length
    this.#content = range === undefined ? content : content.subarray(range.start, range.end + 1)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#taken) throw new Error('an open object is read once')
    this.#taken = true
    return this.#chunks()
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let start = 0; start < this.#content.length; start += chunkBytes) {
      if (this.#closed) throw unavailable('the object was closed while it was read')
      // A copy, lest a consumer change what is stored.
      yield Buffer.from(this.#content.subarray(start, start + chunkBytes))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

/** Parses once more, as every driver does: a forged path is a bug to hear of. */
function split(path: StoragePath): readonly string[] {
  return storagePath(path).split('/')
}
