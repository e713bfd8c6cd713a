import { LRUCache } from 'lru-cache'
import type { Context } from '../registry/context.ts'
import { digestOf, type Digest } from '../registry/digest.ts'
import { maxManifestSize, mediaTypeOf } from '../registry/manifest.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { blobData } from './paths.ts'
import type { SharedCache } from './shared-cache.ts'

/** Bytes of all that is kept. */
const maxKept = 24 * 1024 * 1024

/** What a small object costs besides its bytes. */
const overhead = 500

/** The whole bytes of a manifest or a small blob. */
export class Content {
  readonly bytes: Uint8Array
  #mediaType: string | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** That of a manifest. */
  get mediaType(): string {
    this.#mediaType ??= mediaTypeOf(this.bytes)
    return this.#mediaType
  }
}

/** Told of a look for a content in a cache: whether it was there. */
export type OnLookup = (isHit: boolean) => void

/**
 * Contents by digest, kept in memory within bounds. They are immutable, so that they cannot be stale; whether a repository
 * has them is another question.
 */
export class Contents {
  readonly #driver: StorageDriver
  readonly #onLookup: OnLookup
  readonly #shared: SharedCache | undefined
  readonly #kept = new LRUCache<Digest, Content>({
    maxSize: maxKept,
    sizeCalculation: (content) => content.bytes.length + overhead,
  })

  /** @param shared asked when a content is not in memory here */
  constructor(driver: StorageDriver, onLookup: OnLookup = () => {}, shared?: SharedCache) {
    this.#driver = driver
    this.#onLookup = onLookup
    this.#shared = shared
  }

  /**
   * Loads what is stored under a canonical digest.
   *
   * @returns undefined when it is absent, larger than a manifest may be, or damaged: content that does not have its digest
   *   is never passed on, and pushing it again heals it
   */
  async load(context: Context, stored: Digest): Promise<Content | undefined> {
    const kept = this.#kept.get(stored) ?? (await this.#fromShared(stored))
    this.#onLookup(kept !== undefined)
    if (kept !== undefined) return kept
    const read = await this.#driver.read(blobData(stored), maxManifestSize)
    if (read === undefined) return undefined
    if (digestOf(read) !== stored) {
      context.log.error({ path: blobData(stored), bytes: read.length }, 'content does not have its digest')
      return undefined
    }
    const content = this.#keep(stored, read)
    this.#shared?.keepContent(stored, content.bytes)
    return content
  }

  /** Whoever writes there may have written anything: only what has its digest is believed. */
  async #fromShared(stored: Digest): Promise<Content | undefined> {
    const bytes = await this.#shared?.content(stored)
    if (bytes === undefined || digestOf(bytes) !== stored) return undefined
    return this.#keep(stored, bytes)
  }

  /** A copy of its own: a small read may be a slice of a larger buffer, which would be kept with it. */
  #keep(stored: Digest, bytes: Uint8Array): Content {
    const content = new Content(Uint8Array.from(bytes))
    this.#kept.set(stored, content)
    return content
  }
}
