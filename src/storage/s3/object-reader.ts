import { setTimeout as delay } from 'node:timers/promises'
import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { release } from '../../util/release.ts'
import type { ByteRange, OpenObject } from '../driver.ts'
import { unavailable } from '../failure.ts'
import { BrokenBody, chunksOf, wholeBody } from '../object-store/body.ts'
import { isAbsent, isPreconditionFailed, problemOf, S3Failure } from './errors.ts'
import { isPassing, waitBefore } from '../object-store/retrying.ts'
import type { Store } from './store.ts'

/** A body that breaks so often, each time without one more byte, is given up. */
const mostBreaks = 5

/** What an answer to GetObject holds. */
interface Answer {
  readonly body: Readable
  /** Bytes of the body. */
  readonly length: number
  /** Bytes of the whole object. */
  readonly size: number
  readonly etag: string | undefined
}

/**
 * Opens an object, or a range of it; undefined when absent.
 *
 * @throws S3Failure
 */
export async function openObject(
  store: Store,
  key: string,
  range: ByteRange | undefined,
): Promise<OpenObject | undefined> {
  try {
    const answer = await get(store, key, range)
    return new ObjectReader(store, key, answer, range)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** An object in one piece, and its ETag; undefined when absent, or larger than `limit` bytes. */
export async function readObject(
  store: Store,
  key: string,
  limit: number = Infinity,
): Promise<{ readonly content: Buffer; readonly etag: string | undefined } | undefined> {
  const { sdk, requests, bucket } = store
  try {
    return await requests.send('GetObject', key, async ({ client, signal }) => {
      const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key })
      const { body, size, etag } = answerOf(await client.send(command, { abortSignal: signal }))
      if (size <= limit) return { content: await wholeBody(body, size, requests.stall), etag }
      body.destroy()
      return undefined
    })
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** @param etag of the object that is meant; of another one nothing is read */
async function get(store: Store, key: string, range: ByteRange | undefined, etag?: string): Promise<Answer> {
  const { sdk, requests, bucket } = store
  return requests.send('GetObject', key, async ({ client, signal }) => {
    const command = new sdk.GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(range !== undefined && { Range: `bytes=${range.start}-${range.end}` }),
      ...(etag !== undefined && { IfMatch: etag }),
    })
    const answer = answerOf(await client.send(command, { abortSignal: signal }))
    if (range === undefined || answer.length === range.end - range.start + 1) return answer
    answer.body.destroy()
    throw unavailable(`the store sends ${answer.length} bytes for ${range.start}-${range.end} of ${key}`)
  })
}

function answerOf(output: GetObjectCommandOutput): Answer {
  const length = output.ContentLength ?? 0
  const total = /\/(\d+)$/.exec(output.ContentRange ?? '')?.[1]
  return {
    // In Node it always is one, of an IncomingMessage.
    body: output.Body as Readable,
    length,
    size: total === undefined ? length : Number(total),
    etag: output.ETag,
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
    const isWhole = this.#position === this.#end
    return isWhole
      ? undefined
      : { error: new BrokenBody(`the body ends at ${this.#position} of ${this.#end} bytes`) }
  }

  async #resume(error: unknown): Promise<void> {
    const problem = problemOf(error)
    if (++this.#breaks > mostBreaks || !isPassing(problem))
      throw new S3Failure('GetObject', this.#key, problem)
    await delay(waitBefore(problem, this.#breaks, Math.random()))
    const range = { start: this.#position, end: this.#end - 1 }
    this.#body = (await this.#reopen(range)).body
    this.#body.on('error', ignore)
    this.#throwIfClosed()
  }

  async #reopen(range: ByteRange): Promise<Answer> {
    try {
      return await get(this.#store, this.#key, range, this.#etag)
    } catch (error) {
      if (!isPreconditionFailed(error)) throw error
      // Pushed again meanwhile, perhaps in other parts. What is read in pieces lies under its digest, so that the bytes are the same.
      const answer = await get(this.#store, this.#key, range)
      if (answer.size === this.size) {
        this.#etag = answer.etag
        return answer
      }
      answer.body.destroy()
      throw error
    }
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
