import type { Part } from '../object-store/part.ts'
import { Readable } from 'node:stream'
import type { Attempt } from './requests.ts'

/** Where the input of a command holds the hash of its body; S3's own parameters are named by texts. */
export const payloadHash: unique symbol = Symbol('payload hash')

export interface PartInput {
  readonly Body: Readable | Buffer
  readonly ContentLength: number
  readonly [payloadHash]: string
}

/**
 * The part as a body of known length, read anew for each attempt, that tells of its progress. Its hash is known already, where the SDK
 * would read all bytes at once, and not at all a stream.
 */
export function bodyOf(part: Part, attempt: Attempt): PartInput {
  const [first = Buffer.alloc(0)] = part.slabs
  const Body =
    part.slabs.length <= 1
      ? first.subarray(0, part.length)
      : Readable.from(pieces(part, attempt), { objectMode: true, highWaterMark: 1 })
  return { Body, ContentLength: part.length, [payloadHash]: part.hash ?? 'UNSIGNED-PAYLOAD' }
}

function* pieces({ slabs, length }: Part, attempt: Attempt): Generator<Buffer, void, undefined> {
  let left = length
  for (const slab of slabs) {
    attempt.progress()
    yield slab.subarray(0, left)
    left -= slab.length
  }
}
