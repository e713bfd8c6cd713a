import type { WriteOptions } from '../driver.ts'
import type { Part } from '../object-store/part.ts'
import { PartBuffer } from '../object-store/part-buffer.ts'
import { BlockUpload } from './block-upload.ts'
import { isOf } from './errors.ts'
import { finishUpload } from './finish-upload.ts'
import { replaceOtherType } from './other-type.ts'
import { bodyOf, piecesOf } from './part-body.ts'
import { blockSize } from './sizes.ts'
import type { Store } from './store.ts'

/** Blocks of one object on their way at once, while there is memory. */
const mostOnTheWay = 4

export interface CreateOptions extends Pick<WriteOptions, 'durable'> {
  /** Nobody else writes to that name: the blocks need no other one until they are a blob. */
  readonly isAlone?: boolean
}

/**
 * Streams a new object: one request up to `chunkSize`, else blocks, each of which is held until the store has it. Returns its size in
 * bytes.
 *
 * @throws what `source` throws, as it is; AzureFailure. Nothing is left then
 */
export async function createBlob(
  store: Store,
  key: string,
  source: AsyncIterable<Uint8Array>,
  options: CreateOptions,
): Promise<number> {
  const writer = new ObjectWriter(store, key, options)
  try {
    for await (const chunk of source) await writer.add(chunk)
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  } finally {
    writer.close()
  }
}

class ObjectWriter {
  readonly #store: Store
  readonly #key: string
  readonly #isAlone: boolean
  readonly #buffer: PartBuffer
  readonly #onTheWay = new Set<Promise<void>>()
  readonly #controller = new AbortController()
  #upload: BlockUpload | undefined
  #failure: { readonly error: unknown } | undefined
  #sent = 0
  #total = 0

  constructor(store: Store, key: string, { isAlone = false }: CreateOptions) {
    this.#store = store
    this.#key = key
    this.#isAlone = isAlone
    this.#buffer = new PartBuffer(store.memory, { size: store.chunkSize, signs: false, mayShrink: true })
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      // Only when more comes: an object of just one block is sent in one request.
      if (this.#buffer.isFull) await this.#sendBlock()
      rest = rest.subarray(await this.#buffer.add(rest))
    }
    this.#total += chunk.length
  }

  async finish(): Promise<number> {
    if (this.#upload === undefined) await this.#put()
    else {
      await this.#sendBlock()
      await this.#settle()
      await finishUpload(this.#store, this.#upload, this.#key)
    }
    return this.#total
  }

  async abort(): Promise<void> {
    this.#controller.abort()
    await Promise.all(this.#onTheWay)
    await this.#upload?.abort()
  }

  close(): void {
    this.#buffer.discard()
  }

  async #put(): Promise<void> {
    const { client, requests, memory } = this.#store
    const part = this.#buffer.takePart()
    let attempts = 0
    let isFree = false
    const put = async (): Promise<void> => {
      await requests.send(
        'Put Blob',
        this.#key,
        (attempt) => {
          attempts++
          return client
            .getBlockBlobClient(this.#key)
            .upload(bodyOf(part, attempt), part.length, { abortSignal: attempt.signal })
        },
        { silence: requests.stall },
      )
    }
    try {
      await memory.while(put)
      // An attempt that was given up may still hold the bytes.
      isFree = attempts === 1
    } catch (error) {
      if (!isOf(error, 'InvalidBlobType')) throw error
      await replaceOtherType(this.#store, this.#key, piecesOf(part))
    } finally {
      this.#buffer.giveBack(part, isFree)
    }
  }

  async #sendBlock(): Promise<void> {
    this.#upload ??= this.#isAlone ? BlockUpload.at(this.#store, this.#key) : BlockUpload.apart(this.#store)
    const part = this.#buffer.takePart()
    const sending = this.#send(this.#upload, ++this.#sent, part).finally(() => this.#onTheWay.delete(sending))
    this.#onTheWay.add(sending)
    const next = blockSize(this.#buffer.limit, this.#sent, this.#total)
    this.#buffer.setLimit(next)
    const isRoom = this.#onTheWay.size < mostOnTheWay && this.#store.memory.isComfortable(next)
    if (!isRoom) await Promise.race(this.#onTheWay)
    this.#throwFailure()
  }

  /** Never rejects: a failure is thrown by whoever goes on writing. */
  async #send(upload: BlockUpload, number: number, part: Part): Promise<void> {
    let isFree = false
    try {
      isFree = await this.#store.memory.while(() => upload.send(number, part, this.#controller.signal))
    } catch (error) {
      this.#failure ??= { error }
      this.#controller.abort()
    } finally {
      this.#buffer.giveBack(part, isFree)
    }
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#onTheWay)
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
