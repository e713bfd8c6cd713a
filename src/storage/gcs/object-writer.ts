import { unavailable } from '../failure.ts'
import type { Part } from '../object-store/part.ts'
import { PartBuffer } from '../object-store/part-buffer.ts'
import { removeObject } from './removal.ts'
import type { Attempt } from './requests.ts'
import { contentType, resourceOf } from './resource.ts'
import type { Store } from './store.ts'
import { pieces, UploadSession } from './upload-session.ts'

/**
 * Streams a new object: one request up to `chunkSize`, else pieces one after the other, each of which is held until the store has it.
 * Returns its size in bytes.
 *
 * @throws what `source` throws, as it is; GcsFailure. Nothing is left then
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
  readonly #controller = new AbortController()
  #session: UploadSession | undefined
  /** The piece on its way. Never rejects: a failure is thrown by whoever goes on writing. */
  #sending: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #total = 0

  constructor(store: Store, key: string) {
    this.#store = store
    this.#key = key
    this.#buffer = new PartBuffer(store.memory, { size: store.chunkSize, signs: false, mayShrink: true })
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      // Only when more comes: the last piece is what makes the object, and an object of just one is sent in one request.
      if (this.#buffer.isFull) await this.#sendPiece()
      rest = rest.subarray(await this.#buffer.add(rest))
    }
    this.#total += chunk.length
  }

  async finish(): Promise<number> {
    if (this.#session === undefined) await this.#put()
    else {
      await this.#settle()
      this.#sending = this.#send(this.#session, this.#buffer.takePart(), this.#total)
      await this.#settle()
    }
    return this.#total
  }

  async abort(): Promise<void> {
    this.#controller.abort()
    await this.#sending
    await this.#session?.cancel()
  }

  close(): void {
    this.#buffer.discard()
  }

  async #put(): Promise<void> {
    const { requests, addresses, memory } = this.#store
    const part = this.#buffer.takePart()
    const url = addresses.upload('media', { name: this.#key })
    let attempts = 0
    let isFree = false
    try {
      const { content } = await memory.while(() =>
        requests.send(
          'InsertObject',
          this.#key,
          async ({ ask }: Attempt) => {
            attempts++
            const headers = { 'Content-Type': contentType }
            return ask({ method: 'POST', url, headers, body: pieces(part), length: part.length })
          },
          { silence: requests.stall },
        ),
      )
      const { size, generation } = resourceOf(content)
      if (size !== this.#total) {
        await removeObject(this.#store, this.#key, generation)
        throw unavailable(`the store made an object of ${size} bytes of ${this.#total}`)
      }
      // An attempt that was given up may still hold the bytes.
      isFree = attempts === 1
    } finally {
      this.#buffer.giveBack(part, isFree)
    }
  }

  async #sendPiece(): Promise<void> {
    // They go one after the other, so that at most one is on its way while the next is gathered.
    await this.#settle()
    this.#session ??= await UploadSession.start(this.#store, this.#key)
    this.#sending = this.#send(this.#session, this.#buffer.takePart())
    if (!this.#store.memory.isComfortable(this.#buffer.limit)) await this.#settle()
  }

  async #send(session: UploadSession, part: Part, total?: number): Promise<void> {
    let isFree = false
    try {
      isFree = await this.#store.memory.while(() => session.send(part, this.#controller.signal, total))
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#buffer.giveBack(part, isFree)
    }
  }

  async #settle(): Promise<void> {
    await this.#sending
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
