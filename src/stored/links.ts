import { SharedWork } from '../util/shared-work.ts'
import { digestLengths, isDigest, type Digest } from '../registry/digest.ts'
import type { Context } from '../registry/context.ts'
import type { FileInfo, Publication, StorageDriver, StoragePath } from '../storage/driver.ts'

/** Bytes; the longest digest has 135. */
const maxLinkSize = 4096

/** Bytes that a link can have: what a listing can tell of it without reading it. */
const sizes: ReadonlySet<number> = new Set(digestLengths)

/** Whether what lies at a path can be a link, by its size: an empty one, or one with a newline, cannot. */
export function looksLikeLink(info: FileInfo | undefined): boolean {
  return info !== undefined && sizes.has(info.size)
}

/**
 * Link files: small objects that hold a digest and nothing else.
 *
 * Distribution 2 writes them in place, so a crash there leaves some of zero length, and its readers then fail. Here a link
 * that holds no digest counts as absent, and the next write to it repairs it.
 */
export class Links {
  readonly #driver: StorageDriver
  readonly #reads: SharedWork<StoragePath, Buffer | undefined>

  constructor(driver: StorageDriver) {
    this.#driver = driver
    this.#reads = new SharedWork((path) => driver.read(path, maxLinkSize))
  }

  async read(context: Context, path: StoragePath): Promise<Digest | undefined> {
    // Where each read is a request, those that pull one tag at the same moment share it.
    const isRequest = this.#driver.minChunk !== undefined
    const content = await (isRequest ? this.#reads.do(path) : this.#driver.read(path, maxLinkSize))
    if (content === undefined) return undefined
    const digest = digestIn(content)
    if (digest !== undefined) return digest
    context.log.warn({ path, bytes: content.length }, 'link without a digest counts as absent')
    return undefined
  }

  /**
   * What to publish for a link to be there: its content, unless it is there already, perhaps not durably yet. Object stores are not
   * asked whether it is: that would be a request of its own.
   */
  async publication(context: Context, path: StoragePath, digest: Digest): Promise<Publication> {
    const isThere = this.#driver.minChunk === undefined && (await this.read(context, path)) === digest
    return isThere ? { path } : { path, content: Buffer.from(digest, 'latin1') }
  }

  /**
   * Sets a link that holds no digest. Of several that come for one at once, in whatever process, exactly one sets it.
   *
   * @returns the digest that the link holds then, durably: the given one, or that of whoever was first
   */
  async claim(path: StoragePath, digest: Digest): Promise<Digest> {
    let holder: Digest | undefined
    const isNothing = (found: Buffer): boolean => {
      holder = digestIn(found)
      return holder === undefined
    }
    const content = Buffer.from(digest, 'latin1')
    await this.#driver.write(path, content, { ifAbsent: true, isNothing })
    return holder ?? digest
  }
}

function digestIn(content: Buffer): Digest | undefined {
  const text = content.toString('latin1')
  return isDigest(text) ? text : undefined
}
