import { randomUUID } from 'node:crypto'
import { S3Failure } from './errors.ts'
import { bodyOf } from './part-body.ts'
import type { Part } from '../object-store/part.ts'
import type { Store } from './store.ts'
import { contentType } from './write-parameters.ts'
import { makerOf, writerMark } from './writer-mark.ts'

/** Milliseconds: the store copies GiBs before it answers. */
export const copySilence = 300_000

interface FinishedPart {
  readonly PartNumber: number
  readonly ETag: string
}

/** An object that is made of parts, and visible when all are there. */
export class MultipartUpload {
  readonly #store: Store
  readonly #key: string
  readonly #id: string
  readonly #mark: string
  readonly #parts: FinishedPart[] = []

  private constructor(store: Store, key: string, id: string, mark: string) {
    this.#store = store
    this.#key = key
    this.#id = id
    this.#mark = mark
  }

  /** @throws S3Failure, as all methods do */
  static async start(store: Store, key: string): Promise<MultipartUpload> {
    const { sdk, requests, bucket, parameters } = store
    const mark = randomUUID()
    const { UploadId } = await requests.send('CreateMultipartUpload', key, ({ client, signal }) =>
      client.send(
        new sdk.CreateMultipartUploadCommand({
          ...parameters,
          Bucket: bucket,
          Key: key,
          ContentType: contentType,
          Metadata: { [writerMark]: mark },
        }),
        { abortSignal: signal },
      ),
    )
    const id = UploadId ?? ''
    store.uploads.add(id)
    return new MultipartUpload(store, key, id, mark)
  }

  /** Returns whether the first attempt succeeded: then nobody holds the bytes any more. */
  async send(number: number, part: Part, signal: AbortSignal): Promise<boolean> {
    const { sdk, requests } = this.#store
    let attempts = 0
    const { ETag } = await requests.send(
      'UploadPart',
      this.#key,
      (attempt) => {
        attempts++
        const command = new sdk.UploadPartCommand({
          ...this.#target,
          PartNumber: number,
          ...bodyOf(part, attempt),
        })
        return attempt.client.send(command, { abortSignal: attempt.signal })
      },
      { silence: requests.stall, total: requests.longPatience, signal },
    )
    this.#parts.push({ PartNumber: number, ETag: ETag ?? '' })
    return attempts === 1
  }

  /** Copies a stretch of an object; `last` is its last byte's position. */
  async copy(
    number: number,
    source: string,
    first: number,
    last: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { sdk, requests, bucket } = this.#store
    const { CopyPartResult } = await requests.send(
      'UploadPartCopy',
      this.#key,
      ({ client, signal: abortSignal }) =>
        client.send(
          new sdk.UploadPartCopyCommand({
            ...this.#target,
            PartNumber: number,
            CopySource: copySource(bucket, source),
            CopySourceRange: `bytes=${first}-${last}`,
          }),
          { abortSignal },
        ),
      { silence: copySilence, total: requests.longPatience, signal },
    )
    this.#parts.push({ PartNumber: number, ETag: CopyPartResult?.ETag ?? '' })
  }

  /** Makes the object visible. Returns its ETag. */
  async complete(): Promise<string | undefined> {
    const { sdk, requests } = this.#store
    const Parts = this.#parts.toSorted((one, other) => one.PartNumber - other.PartNumber)
    const etag = await requests.send(
      'CompleteMultipartUpload',
      this.#key,
      async (attempt) => {
        const command = new sdk.CompleteMultipartUploadCommand({
          ...this.#target,
          MultipartUpload: { Parts },
        })
        try {
          return (await attempt.client.send(command, { abortSignal: attempt.signal })).ETag
        } catch (error) {
          if (!attempt.mayBeDone) throw error
          const maker = await makerOf(this.#store, this.#key, this.#mark, attempt)
          if (maker.kind !== 'ours') throw error
          return maker.etag
        }
      },
      { silence: copySilence, total: requests.longPatience },
    )
    this.#store.uploads.delete(this.#id)
    return etag
  }

  /**
   * Has the store forget all parts.
   *
   * @param options.mayFail true when unset: what the store cannot be told now is found by `removeLeftovers`
   */
  async abort({ mayFail = true }: { readonly mayFail?: boolean } = {}): Promise<void> {
    const { sdk, requests } = this.#store
    try {
      await requests.send('AbortMultipartUpload', this.#key, ({ client, signal }) =>
        client.send(new sdk.AbortMultipartUploadCommand(this.#target), { abortSignal: signal }),
      )
    } catch (error) {
      if (!mayFail || !(error instanceof S3Failure)) throw error
    } finally {
      this.#store.uploads.delete(this.#id)
    }
  }

  get #target(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.#store.bucket, Key: this.#key, UploadId: this.#id }
  }
}

/** As the header wants it: escaped, but for the slashes. */
export function copySource(bucket: string, key: string): string {
  return [bucket, ...key.split('/')].map(encodeURIComponent).join('/')
}
