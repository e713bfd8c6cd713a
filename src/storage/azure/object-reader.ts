import { setTimeout as delay } from 'node:timers/promises'
import type { Readable } from 'node:stream'
import type { BlobDownloadResponseParsed } from '@azure/storage-blob'
import { release } from '../../util/release.ts'
import type { ByteRange, OpenObject } from '../driver.ts'
import { unavailable } from '../failure.ts'
import { BrokenBody, chunksOf, wholeBody } from '../object-store/body.ts'
import { isPassing, waitBefore } from '../object-store/retrying.ts'
import { AzureFailure, isAbsent, isPreconditionFailed, problemOf } from './errors.ts'
import { isWhole } from './object-info.ts'
import type { Attempt } from './requests.ts'
import type { Store } from './store.ts'

/** A body that breaks so often, each time without one more byte, is given up. */
const mostBreaks = 5

/** What an answer to Get Blob holds. */
interface Answer {
  readonly body: Readable
  /** Bytes of the body. */
  readonly length: number
  /** Bytes of the whole blob. */
  readonly size: number
  readonly etag: string | undefined
  readonly isWhole: boolean
}

/**
 * Opens a blob, or a range of it; undefined when absent.
 *
 * @throws AzureFailure
 */
export async function openBlob(
  store: Store,
  key: string,
  range: ByteRange | undefined,
): Promise<OpenObject | undefined> {
  try {
    const answer = await get(store, key, range)
    if (answer.isWhole) return new ObjectReader(store, key, answer, range)
    answer.body.destroy()
    return undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** A blob in one piece, and its ETag; undefined when absent, or larger than `limit` bytes. */
export async function readBlob(
  store: Store,
  key: string,
  limit: number = Infinity,
): Promise<{ readonly content: Buffer; readonly etag: string | undefined } | undefined> {
  const { requests } = store
  try {
    return await requests.send('Get Blob', key, async (attempt) => {
      const { body, size, etag, isWhole: whole } = await download(store, key, attempt)
      if (size <= limit && whole) return { content: await wholeBody(body, size, requests.stall), etag }
      body.destroy()
      return undefined
    })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** @param etag of the blob that is meant; of another one nothing is read */
async function get(store: Store, key: string, range: ByteRange | undefined, etag?: string): Promise<Answer> {
  return store.requests.send('Get Blob', key, async (attempt) => {
    const answer = await download(store, key, attempt, range, etag)
    if (range === undefined || !answer.isWhole || answer.length === range.end - range.start + 1) return answer
    answer.body.destroy()
    throw unavailable(`the store sends ${answer.length} bytes for ${range.start}-${range.end} of ${key}`)
  })
}

async function download(
  { client }: Store,
  key: string,
  { signal }: Attempt,
  range?: ByteRange,
  etag?: string,
): Promise<Answer> {
  const [start, length] = range === undefined ? [0] : [range.start, range.end - range.start + 1]
  const output = await client.getBlobClient(key).download(start, length, {
    abortSignal: signal,
    // Trying again is ours: the SDK's stream would do it without a deadline.
    maxRetryRequests: 0,
    ...(etag !== undefined && { conditions: { ifMatch: etag } }),
  })
  return answerOf(output)
}

function answerOf(output: BlobDownloadResponseParsed): Answer {
  const length = output.contentLength ?? 0
  const total = /\/(\d+)$/.exec(output.contentRange ?? '')?.[1]
  return {
    // In Node it always is one.
    body: output.readableStreamBody as Readable,
    length,
    size: total === undefined ? length : Number(total),
    etag: output.etag,
    isWhole: isWhole(output),
  }
}

/** Reads an open answer, and asks for the rest when it breaks off. */
class ObjectReader implements OpenObject {
  readonly size: number
  readonly #store: Store
  readonly #key: string
  #etag: string | undefined
  #body: Readable
  #position: number
  /** The first byte that is not wanted. */
  readonly #end: number
  #iterated = false
  #closed = false
  /** Since the last byte. */
  #breaks = 0

  constructor(store: Store, key: string, answer: Answer, range: ByteRange | undefined) {
    this.#store = store
    this.#key = key
    this.#body = answer.body
    this.#etag = answer.etag
    this.size = answer.size
    this.#position = range?.start ?? 0
    this.#end = this.#position + answer.length
    // Told to whoever reads; until somebody does it must not end the process.
    this.#body.on('error', ignore)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#iterated) throw new Error('an open object is read once')
    this.#iterated = true
    return this.#chunks()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#body.destroy()
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      while (this.#position < this.#end) {
        const failure = yield* this.#stretch()
        this.#throwIfClosed()
        if (failure !== undefined) await this.#resume(failure.error)
      }
      this.#throwIfClosed()
    } finally {
      await this.close()
    }
  }

  /** What one body gives; its failure is a value, and the consumer's is not caught. */
  async *#stretch(): AsyncGenerator<Uint8Array, { readonly error: unknown } | undefined, undefined> {
    const chunks = chunksOf(this.#body, this.#store.requests.stall)
    try {
      for (;;) {
        this.#throwIfClosed()
        const next = await chunks.next().catch((error: unknown) => ({ error }))
        if ('error' in next) return next
        if (next.done === true) break
        const chunk = next.value
        this.#position += chunk.length
        this.#breaks = 0
        if (this.#position > this.#end) throw unavailable(`the store sends more of ${this.#key} than it said`)
        yield chunk
        release(chunk)
      }
    } finally {
      await chunks.return()
    }
    const isAll = this.#position === this.#end
    return isAll
      ? undefined
      : { error: new BrokenBody(`the body ends at ${this.#position} of ${this.#end} bytes`) }
  }

  async #resume(error: unknown): Promise<void> {
    const problem = problemOf(error)
    if (++this.#breaks > mostBreaks || !isPassing(problem))
      throw new AzureFailure('Get Blob', this.#key, problem)
    await delay(waitBefore(problem, this.#breaks, Math.random()))
    const range = { start: this.#position, end: this.#end - 1 }
    const { body, etag } = await this.#rest(range)
    this.#body = body
    this.#etag = etag
    this.#body.on('error', ignore)
    this.#throwIfClosed()
  }

  /** Who pushes again what is there replaces it by the same: paths of what is long are addressed by its content. */
  async #rest(range: ByteRange): Promise<Answer> {
    try {
      return await get(this.#store, this.#key, range, this.#etag)
    } catch (error) {
      if (!isPreconditionFailed(error)) throw error
    }
    const answer = await get(this.#store, this.#key, range)
    if (answer.isWhole && answer.size === this.size) return answer
    answer.body.destroy()
    throw unavailable(`${this.#key} was replaced by something else while it was read`)
  }

  #throwIfClosed(): void {
    if (!this.#closed) return
    this.#body.destroy()
    throw unavailable('the object was closed while it was read')
  }
}

function ignore(): void {
  // See above.
}
