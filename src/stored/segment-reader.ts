import { unknownUpload } from '../registry/absent.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { mapAhead } from '../util/iterables.ts'
import type { Segment } from './segment.ts'
import { partPath, type Upload } from './upload.ts'

/** Bytes; a segment of so many takes about as long to ask for as to send. */
const small = 2 * 1024 ** 2

/** Small segments that are on their way at once, by one commit … */
const ahead = 4

/** … and how many commits of this process may do so: 32 MiB. Others read one segment at a time. */
const commits = 4

type Bytes = AsyncGenerator<Uint8Array, void, undefined>

/** Reads the bytes of uploads that came in several chunks. */
export class SegmentReader {
  readonly #driver: StorageDriver
  #readingAhead = 0

  constructor(driver: StorageDriver) {
    this.#driver = driver
  }

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN when the upload was ended meanwhile */
  async *read(upload: Upload): Bytes {
    // Each small object is a wait for a server: several at once.
    const isSlow = this.#driver.minChunk !== undefined && this.#readingAhead < commits
    if (!isSlow) {
      yield* this.#readEach(upload)
      return
    }
    this.#readingAhead++
    try {
      yield* this.#readAhead(upload)
    } finally {
      this.#readingAhead--
    }
  }

  async *#readEach(upload: Upload): Bytes {
    for (const segment of upload.chain) yield* this.#open(upload, segment)
  }

  async *#readAhead(upload: Upload): Bytes {
    const read = mapAhead(upload.chain, ahead, async (segment) => {
      const size = segment.end - segment.offset
      if (size > small) return { segment }
      const content = await this.#driver.read(partPath(upload, segment.part), size)
      if (content?.length !== size) throw unknownUpload()
      return { content }
    })
    for await (const { segment, content } of read) {
      if (content !== undefined) yield content
      if (segment !== undefined) yield* this.#open(upload, segment)
    }
  }

  async *#open(upload: Upload, { part }: Segment): Bytes {
    const object = await this.#driver.open(partPath(upload, part))
    if (object === undefined) throw unknownUpload()
    yield* object
  }
}
