import { createHash, type Hash } from 'node:crypto'
import type { Part } from './part.ts'
import { smallestPart } from './sizes.ts'
import { affordablePart, type Holder, slabSize, type UploadMemory } from './upload-memory.ts'

export interface PartBufferOptions {
  /** Bytes of a part. */
  readonly size: number
  /** Whether the bytes are hashed. */
  readonly signs: boolean
  /** Whether parts become smaller, all alike, for want of memory. */
  readonly mayShrink?: boolean
}

/** Gathers the bytes of a part, slab by slab, so that a client that sends little, or slowly, holds little. */
export class PartBuffer implements Holder {
  readonly #memory: UploadMemory
  readonly #signs: boolean
  #limit: number
  #mayShrink: boolean
  #slabs: Buffer[] = []
  #length = 0
  #hash: Hash | undefined

  constructor(memory: UploadMemory, { size, signs, mayShrink = false }: PartBufferOptions) {
    this.#memory = memory
    this.#limit = size
    this.#signs = signs
    this.#mayShrink = mayShrink
  }

  get length(): number {
    return this.#length
  }

  get isFull(): boolean {
    return this.#length >= this.#limit
  }

  /** Bytes of a part: as asked for, or less for want of memory. */
  get limit(): number {
    return this.#limit
  }

  /** For the next part. */
  setLimit(limit: number): void {
    this.#limit = limit
  }

  /** Takes as much of `chunk` as a slab and the part have room for. Returns how many bytes that was: 0 when the part is full. */
  async add(chunk: Uint8Array): Promise<number> {
    // All parts of an object are of one size, so that it is settled with the first.
    if (this.#mayShrink && this.#length === smallestPart)
      this.#limit = affordablePart(this.#memory, this.#limit)
    if (this.isFull || chunk.length === 0) return 0
    const used = this.#length % slabSize
    if (used === 0) this.#slabs.push(await this.#memory.take(this))
    const taken = chunk.subarray(0, Math.min(slabSize - used, this.#limit - this.#length))
    this.#slabs.at(-1)?.set(taken, used)
    this.#length += taken.length
    if (this.#signs) (this.#hash ??= createHash('sha256')).update(taken)
    return taken.length
  }

  /** The part; whoever takes it gives it back with `giveBack`. */
  takePart(): Part {
    const hash = this.#signs ? (this.#hash ?? createHash('sha256')).digest('hex') : undefined
    const part = { slabs: this.#slabs, length: this.#length, ...(hash !== undefined && { hash }) }
    this.#slabs = []
    this.#length = 0
    this.#hash = undefined
    this.#mayShrink = false
    return part
  }

  /** @param isFree nobody can see the bytes any more */
  giveBack({ slabs }: Part, isFree: boolean): void {
    this.#memory.give(slabs, isFree)
  }

  /** Lets go of what is held. */
  discard(): void {
    this.giveBack(this.takePart(), true)
  }
}
