import { RegistryError } from '../../registry/errors.ts'
import { BufferPool } from '../../util/buffer-pool.ts'
import { defaultChunk, smallestPart } from './sizes.ts'

/** Bytes that are taken at once, and handed to a socket at once: TLS copies them. */
export const slabSize: number = 128 * 1024
/** In chunks: while uploads hold less, each may send several parts at once … */
const comfort = 5
/** … they hold no more than this, but for one of them at a time … */
const usual = 9
/** … and never more than this. */
const most = 27
/** Milliseconds after which another one is let through, for a client may be slow. */
const favour = 250
const waitWithin = 60_000

/** Whoever gathers a part. */
export interface Holder {
  /** Bytes that it holds of the part. */
  readonly length: number
}

interface Waiting {
  readonly holder: Holder
  readonly grant: (slab: Buffer) => void
}

/**
 * The memory in which uploads gather parts, in slabs that are used again. S3 takes no part below 5 MiB but the last, so that each
 * upload must hold that much before it can let go of any; when there is no more, the fullest goes first, beyond the bound if
 * nothing is on its way that would make room. So many uploads at once go on, one after the other, where they would wait for each other.
 */
export class UploadMemory {
  readonly #comfort: number
  readonly #usual: number
  readonly #most: number
  readonly #waitWithin: number
  readonly #pool: BufferPool
  readonly #waiting: Waiting[] = []
  #held = 0
  #sending = 0
  #favoured: Holder | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param milliseconds how long an upload waits at most */
  constructor(chunk: number, milliseconds: number = waitWithin) {
    const unit = Math.max(chunk, defaultChunk)
    this.#comfort = comfort * unit
    this.#usual = usual * unit
    this.#most = most * unit
    this.#pool = new BufferPool(slabSize, (comfort * unit) / slabSize)
    this.#waitWithin = milliseconds
  }

  /** Bytes. */
  get held(): number {
    return this.#held
  }

  isComfortable(bytes: number): boolean {
    return this.#held + bytes <= this.#comfort
  }

  /**
   * A slab for a holder's part.
   *
   * @throws RegistryError STORAGE_UNAVAILABLE when others do not give enough back in time
   */
  async take(holder: Holder): Promise<Buffer> {
    if (this.#waiting.length === 0 && this.#fits()) return this.#slab()
    return new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(tooMany())
      }, this.#waitWithin)
      const grant = (slab: Buffer): void => {
        clearTimeout(timer)
        resolve(slab)
      }
      const waiting: Waiting = { holder, grant }
      this.#waiting.push(waiting)
      this.#grant()
    })
  }

  /** @param isFree nobody can see the bytes any more */
  give(slabs: readonly Buffer[], isFree: boolean): void {
    for (const slab of slabs) {
      this.#held -= slabSize
      if (isFree) this.#pool.give(slab)
    }
    this.#grant()
  }

  /** Runs what will give memory back when it ends. */
  async while<Result>(sending: () => Promise<Result>): Promise<Result> {
    this.#sending++
    this.#favoured = undefined
    try {
      return await sending()
    } finally {
      this.#sending--
      this.#grant()
    }
  }

  #grant(): void {
    while (this.#waiting.length > 0) {
      const next = this.#fullest()
      if (next === undefined || !(this.#fits() || this.#isException(next.holder))) return
      this.#waiting.splice(this.#waiting.indexOf(next), 1)
      next.grant(this.#slab())
    }
  }

  #fits(): boolean {
    return this.#held + slabSize <= this.#usual
  }

  #fullest(): Waiting | undefined {
    let fullest: Waiting | undefined
    for (const waiting of this.#waiting)
      if (fullest === undefined || waiting.holder.length > fullest.holder.length) fullest = waiting
    return fullest
  }

  /** Whether a holder may go beyond the bound: one at a time, while none is sending. What it holds itself does not stand in its way. */
  #isException(holder: Holder): boolean {
    if (this.#sending > 0 || this.#held - holder.length >= this.#most) return false
    if (this.#favoured !== undefined && this.#favoured !== holder) return false
    this.#favoured = holder
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#favoured = undefined
      this.#grant()
    }, favour)
    this.#timer.unref()
    return true
  }

  #slab(): Buffer {
    this.#held += slabSize
    return this.#pool.take()
  }
}

/** Bytes of the parts of a new object: as configured, or as few as S3 takes when many are at it. */
export function affordablePart(memory: UploadMemory, chunk: number): number {
  return chunk <= smallestPart || memory.isComfortable(chunk) ? chunk : smallestPart
}

function tooMany(): RegistryError {
  return new RegistryError('STORAGE_UNAVAILABLE', {
    retryAfter: 10,
    cause: new Error('the uploads under way hold all the memory that is for them'),
  })
}
