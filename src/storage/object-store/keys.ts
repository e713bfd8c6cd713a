import { type StoragePath, storagePath } from '../driver.ts'

/** Names of objects, as Distribution makes them: `rootdirectory`, then the path, without slashes at either end. */
export class Keys {
  /** What every key of this store begins with: empty, or it ends with a slash. */
  readonly root: string

  constructor(rootDirectory: string = '') {
    const trimmed = rootDirectory.replace(/^\/+|\/+$/g, '')
    this.root = trimmed === '' ? '' : `${trimmed}/`
  }

  /** Parses once more: a forged path must not lead out of the root. */
  object(path: StoragePath): string {
    return this.root + storagePath(path)
  }

  /** What all keys below a folder begin with. */
  folder(path: StoragePath): string {
    return `${this.object(path)}/`
  }
}
