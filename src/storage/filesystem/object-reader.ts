import { errnoOf, storageFailure, unavailable } from '../failure.ts'
import type { ByteRange, OpenObject } from '../driver.ts'
import type { StreamBuffers } from '../../util/stream-buffers.ts'
import { close, closeQuietly, fstat, open, read } from './calls.ts'

/**
 * Opens a file; undefined when it is absent or a folder.
 *
 * @throws RegistryError STORAGE_UNAVAILABLE
 */
export async function openObject(
  path: string,
  range: ByteRange | undefined,
  buffers: StreamBuffers,
): Promise<OpenObject | undefined> {
  let descriptor: number | undefined
  try {
    descriptor = await open(path, 'r')
    const info = await fstat(descriptor)
    if (!info.isDirectory()) return new ObjectReader(descriptor, info.size, range, buffers)
    closeQuietly(descriptor)
    return undefined
  } catch (error) {
    if (descriptor !== undefined) closeQuietly(descriptor)
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    throw storageFailure(error)
  }
}

/** Reads one range of an open file, one read ahead of its consumer, in two buffers that take turns. */
class ObjectReader implements OpenObject {
  readonly size: number
  readonly #descriptor: number
  readonly #buffers: StreamBuffers
  /** The next read begins here … */
  #position: number
  /** … and the last one ends here. */
  readonly #end: number
  #iterated = false
  /** Never rejects: an error comes as a value, for it may come before the consumer asks. */
  #reading: Promise<number | Error> | undefined
  #closing: Promise<void> | undefined

  constructor(descriptor: number, size: number, range: ByteRange | undefined, buffers: StreamBuffers) {
    this.#descriptor = descriptor
    this.size = size
    this.#position = range?.start ?? 0
    this.#end = range === undefined ? size : range.end + 1
    this.#buffers = buffers
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#iterated) throw new Error('an open object is read once')
    this.#iterated = true
    return this.#chunks()
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    let current = this.#buffer()
    let other: Buffer | undefined
    let isWhole = false
    try {
      this.#start(current)
      while (this.#reading !== undefined) {
        const bytes = await this.#arrived()
        const filled = current
        this.#position += bytes
        if (this.#position < this.#end) {
          current = other ?? this.#buffer()
          other = filled
        }
        this.#start(current)
        yield filled.subarray(0, bytes)
      }
      isWhole = true
    } finally {
      await this.close()
      // Who asked beyond the last chunk is done with both buffers. One that broke off may still have its chunk in a socket's
      // queue, where no other object's bytes may turn up.
      for (const buffer of [current, ...(other === undefined ? [] : [other])]) {
        if (isWhole) this.#buffers.give(buffer)
        else this.#buffers.drop(buffer)
      }
    }
  }

  #buffer(): Buffer {
    const rest = this.#end - this.#position
    return rest < this.#buffers.size ? Buffer.allocUnsafeSlow(rest) : this.#buffers.take()
  }

  #start(buffer: Buffer): void {
    const length = Math.min(buffer.length, this.#end - this.#position)
    this.#reading =
      length <= 0 || this.#closing !== undefined
        ? undefined
        : read(this.#descriptor, buffer, length, this.#position).catch((error: Error) => error)
  }

  async #arrived(): Promise<number> {
    const bytes = await this.#reading
    if (this.#closing !== undefined) throw unavailable('the object was closed while it was read')
    if (bytes === undefined || bytes instanceof Error) throw storageFailure(bytes)
    if (bytes === 0) throw unavailable(`the object ends at ${this.#position} of ${this.#end} bytes`)
    return bytes
  }

  /** Never closes under a running read: the descriptor's number may soon mean another file. */
  async #finish(): Promise<void> {
    await this.#reading
    await close(this.#descriptor).catch(() => undefined)
  }
}
