import type {
  DeleteTreeOptions,
  FileInfo,
  MoveOptions,
  SourcePart,
  StatOptions,
  StoragePath,
} from '../driver.ts'
import { unavailable } from '../failure.ts'
import { MemoryDriver } from '../memory/driver.ts'
import { storagePath } from '../driver.ts'

/** A store in memory that takes what an object store is told as such: it copies, puts together, and removes only what it is named. */
export class MemoryObjectStore extends MemoryDriver {
  readonly minChunk: number

  constructor(minChunk: number) {
    super()
    this.minChunk = minChunk
  }

  override async stat(
    path: StoragePath,
    { folders = true }: StatOptions = {},
  ): Promise<FileInfo | undefined> {
    const found = await super.stat(path)
    return folders || found?.isFolder === false ? found : undefined
  }

  override async move(from: StoragePath, to: StoragePath, options: MoveOptions = {}): Promise<boolean> {
    if (options.keepSource !== true) return super.move(from, to)
    const content = await this.read(from)
    if (content === undefined) return false
    return super.write(to, content)
  }

  async concatenate(parts: readonly SourcePart[], to: StoragePath): Promise<void> {
    const contents: Buffer[] = []
    for (const { path, size } of parts) {
      const content = await this.read(path)
      if (content?.length !== size) throw unavailable(`${path} is gone`)
      contents.push(content)
    }
    await super.write(to, Buffer.concat(contents))
  }

  override async deleteTree(path: StoragePath, { entries }: DeleteTreeOptions = {}): Promise<void> {
    if (entries === undefined) return super.deleteTree(path)
    for (const name of entries) await this.delete(storagePath(`${path}/${name}`))
  }
}
