import { MultipartUpload } from './multipart.ts'
import { PartBuffer } from '../object-store/part-buffer.ts'
import { bodyOf } from './part-body.ts'
import type { Part } from '../object-store/part.ts'
import type { Attempt } from './requests.ts'
import { partSize } from './sizes.ts'
import type { Store } from './store.ts'
import { contentType } from './write-parameters.ts'

/** Parts of one object on their way at once, while there is memory. */
const mostOnTheWay = 4

/**
 * Streams a new object: one request up to `chunkSize`, else parts, each of which is held until the store has it. Returns its size in
 * bytes.
 *
 * @throws what `source` throws, as it is; S3Failure. Nothing is left then
 */
export async function createObject(
  store: Store,
  key: string,
  source: AsyncIterable<Uint8Array>,
): Promise<number> {
  const writer = new ObjectWriter(store, key)
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
  readonly #buffer: PartBuffer
  readonly #onTheWay = new Set<Promise<void>>()
  readonly #controller = new AbortController()
  #upload: MultipartUpload | undefined
  #failure: { readonly error: unknown } | undefined
  #sent = 0
  #total = 0

  constructor(store: Store, key: string) {
    this.#store = store
    this.#key = key
    this.#buffer = new PartBuffer(store.memory, {
      size: store.chunkSize,
      signs: store.signsBodies,
      mayShrink: true,
    })
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      // Only when more comes: an object of just one part is sent in one request.
      if (this.#buffer.isFull) await this.#sendPart()
      rest = rest.subarray(await this.#buffer.add(rest))
    }
    this.#total += chunk.length
  }

  async finish(): Promise<number> {
    if (this.#upload === undefined) await this.#put()
    else {
      await this.#sendPart()
      await this.#settle()
      await this.#upload.complete()
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
    const { sdk, requests, bucket, parameters, memory } = this.#store
    const part = this.#buffer.takePart()
    let attempts = 0
    let isFree = false
    const put = async (attempt: Attempt): Promise<void> => {
      attempts++
      const command = new sdk.PutObjectCommand({
        ...parameters,
        Bucket: bucket,
        Key: this.#key,
        ContentType: contentType,
        ...bodyOf(part, attempt),
      })
      await attempt.client.send(command, { abortSignal: attempt.signal })
    }
    try {
      await memory.while(() => requests.send('PutObject', this.#key, put, { silence: requests.stall }))
      // An attempt that was given up may still hold the bytes.
      isFree = attempts === 1
    } finally {
      this.#buffer.giveBack(part, isFree)
    }
  }

  async #sendPart(): Promise<void> {
    this.#upload ??= await MultipartUpload.start(this.#store, this.#key)
    const part = this.#buffer.takePart()
    const sending = this.#send(this.#upload, ++this.#sent, part).finally(() => this.#onTheWay.delete(sending))
    this.#onTheWay.add(sending)
    const next = partSize(this.#buffer.limit, this.#sent, this.#total)
    this.#buffer.setLimit(next)
    const isRoom = this.#onTheWay.size < mostOnTheWay && this.#store.memory.isComfortable(next)
    if (!isRoom) await Promise.race(this.#onTheWay)
    this.#throwFailure()
  }

  /** Never rejects: a failure is thrown by whoever goes on writing. */
  async #send(upload: MultipartUpload, number: number, part: Part): Promise<void> {
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
