import { createHash, type Hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { canonicalAlgorithm, finishDigest, type Digest } from '../registry/digest.ts'
import type { UploadId } from '../registry/upload-id.ts'
import { bounded } from '../util/bounded.ts'
import { endOf, type Segment } from './segment.ts'

/** Uploads in several chunks that are under way in one process, more or less. */
const most = 1_000

interface Running {
  readonly size: number
  readonly bytes: Hash
  /** Of the names of the parts: who asks must mean these very parts. */
  readonly parts: Hash
}

/**
 * What this process hashed of uploads that come in several chunks, so that a store that puts objects together by itself need not
 * send all of them here for their digest. Good for nothing where other processes took some of the chunks: then the parts are read.
 */
export class RunningDigests {
  readonly #known = new LRUCache<UploadId, Running>(bounded(most))

  /** A hash of all bytes before `offset`, to be continued; undefined when it is not known here, and for the first chunk. */
  before(id: UploadId, offset: number): Hash | undefined {
    const known = this.#known.get(id)
    return offset > 0 && known?.size === offset ? known.bytes.copy() : undefined
  }

  /**
   * Notes that a segment was added.
   *
   * @param bytes hash of all bytes up to its end; undefined when not known
   */
  add(id: UploadId, segment: Segment, bytes: Hash | undefined): void {
    const known = segment.offset === 0 ? undefined : this.#known.get(id)
    const isNext = segment.offset === 0 || known?.size === segment.offset
    if (bytes === undefined || !isNext) {
      this.#known.delete(id)
      return
    }
    const parts = known?.parts.copy() ?? createHash('sha256')
    this.#known.set(id, { size: segment.end, bytes, parts: parts.update(segment.part) })
  }

  /** The canonical digest of the bytes of these segments, when it is known here. */
  digestOf(id: UploadId, chain: readonly Segment[]): Digest | undefined {
    const known = this.#known.get(id)
    if (known?.size !== endOf(chain)) return undefined
    const parts = createHash('sha256')
    for (const { part } of chain) parts.update(part)
    if (parts.digest('hex') !== known.parts.copy().digest('hex')) return undefined
    return finishDigest(known.bytes.copy(), canonicalAlgorithm)
  }

  forget(id: UploadId): void {
    this.#known.delete(id)
  }
}
