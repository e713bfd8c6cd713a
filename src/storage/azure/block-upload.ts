import { randomBytes, randomUUID } from 'node:crypto'
import type { Part } from '../object-store/part.ts'
import { AzureFailure } from './errors.ts'
import { bodyOf } from './part-body.ts'
import { deleteBlob } from './removal.ts'
import { sourceOf } from './source.ts'
import type { Store } from './store.ts'

/** Milliseconds: the store copies up to GiBs before it answers. */
export const copySilence = 600_000

/**
 * Blocks that become a blob when all are there. Blocks of a name belong to whoever sends some under it, and each commit of one makes Azure
 * forget all others. So what others might write, too, is put together under a name of its own, and copied to its place.
 */
export class BlockUpload {
  readonly key: string
  readonly #store: Store
  readonly #isOwnName: boolean
  /** All identifiers of a blob's blocks must be of one length. */
  readonly #prefix: string = randomBytes(9).toString('hex')
  readonly #numbers: number[] = []
  #begun = false

  private constructor(store: Store, key: string, isOwnName: boolean) {
    this.#store = store
    this.key = key
    this.#isOwnName = isOwnName
  }

  /** @param key a name that nobody else writes to */
  static at(store: Store, key: string): BlockUpload {
    return new BlockUpload(store, key, false)
  }

  static apart(store: Store): BlockUpload {
    return new BlockUpload(store, store.keys.temporary + randomUUID(), true)
  }

  /**
   * Sends a block. Returns whether the first attempt succeeded: then nobody holds the bytes any more.
   *
   * @throws AzureFailure, as all methods do
   */
  async send(number: number, part: Part, signal: AbortSignal): Promise<boolean> {
    const { requests } = this.#store
    this.#begun = true
    let attempts = 0
    await requests.send(
      'Put Block',
      this.key,
      (attempt) => {
        attempts++
        return this.#client.stageBlock(this.#id(number), bodyOf(part, attempt), part.length, {
          abortSignal: attempt.signal,
        })
      },
      { silence: requests.stall, total: requests.longPatience, signal },
    )
    this.#numbers.push(number)
    return attempts === 1
  }

  /** Has the store copy a stretch of a blob; `end` is not part of it. */
  async copy(number: number, from: string, start: number, end: number, signal: AbortSignal): Promise<void> {
    const { requests } = this.#store
    this.#begun = true
    const { url, options } = await sourceOf(this.#store, from)
    await requests.send(
      'Put Block From URL',
      this.key,
      (attempt) =>
        this.#client.stageBlockFromURL(this.#id(number), url, start, end - start, {
          ...options,
          abortSignal: attempt.signal,
        }),
      { silence: copySilence, total: requests.longPatience, signal },
    )
    this.#numbers.push(number)
  }

  /** Makes the blob visible. */
  async commit(): Promise<void> {
    const { requests } = this.#store
    const ids = this.#numbers.toSorted((one, other) => one - other).map((number) => this.#id(number))
    await requests.send(
      'Put Block List',
      this.key,
      ({ signal }) => this.#client.commitBlockList(ids, { abortSignal: signal }),
      { silence: requests.stall, total: requests.longPatience },
    )
  }

  /**
   * Has the store forget all blocks: those of a blob that is made of none and removed. What it cannot be told now it forgets by itself in a
   * week, and `removeLeftovers` finds what was made of them.
   */
  async abort(): Promise<void> {
    if (!this.#begun) return
    // Elsewhere than under an own name an older blob may lie.
    const conditions = this.#isOwnName ? {} : { conditions: { ifNoneMatch: '*' } }
    try {
      await this.#store.requests.send('Put Block List', this.key, ({ signal }) =>
        this.#client.commitBlockList([], { ...conditions, abortSignal: signal }),
      )
      await deleteBlob(this.#store, this.key)
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error
    }
  }

  get #client(): ReturnType<Store['client']['getBlockBlobClient']> {
    return this.#store.client.getBlockBlobClient(this.key)
  }

  #id(number: number): string {
    return Buffer.from(`${this.#prefix}${String(number).padStart(9, '0')}`).toString('base64')
  }
}
