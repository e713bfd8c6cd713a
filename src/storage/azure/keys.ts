import { type StoragePath, storagePath } from '../driver.ts'

/**
 * Names of blobs, as Distribution makes them. Version 3: `rootdirectory`, then the path, without slashes at either end. Version 2 knew no
 * `rootdirectory`, and all its names begin with a slash: an unnamed folder at the top of the container.
 */
export class Keys {
  /** What every name of this store begins with: empty, or it ends with a slash. */
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static below(rootDirectory: string = ''): Keys {
    const trimmed = rootDirectory.replace(/^\/+|\/+$/g, '')
    return new Keys(trimmed === '' ? '' : `${trimmed}/`)
  }

  static ofVersion2(): Keys {
    return new Keys('/')
  }

  /** Parses once more: a forged path must not lead out of the root. */
  object(path: StoragePath): string {
    return this.root + storagePath(path)
  }

  /** What all names below a folder begin with. */
  folder(path: StoragePath): string {
    return `${this.object(path)}/`
  }

  /** Where both registries keep all that they store. */
  get layout(): string {
    return `${this.root}docker/registry/v2/`
  }

  /** What objects that are being written begin with. */
  get temporary(): string {
    return `${this.root}_berth/tmp/`
  }
}
