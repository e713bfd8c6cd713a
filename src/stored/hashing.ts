import { createHash, type Hash } from 'node:crypto'
import { algorithmOf, finishDigest, type Digest, type DigestAlgorithm } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'

/** Passes bytes on and learns their digest and number while they go by. Iterate it once, then ask. */
export class Hashing implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>
  readonly #algorithm: DigestAlgorithm
  readonly #hash: Hash
  #digest: Digest | undefined
  #size = 0

  constructor(source: AsyncIterable<Uint8Array>, algorithm: DigestAlgorithm) {
    this.#source = source
    this.#algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  /** What was hashed so far, to be continued elsewhere. To be asked before the digest. */
  copy(): Hash {
    return this.#hash.copy()
  }

  /** The digest of all bytes that went by; no more may follow. */
  get digest(): Digest {
    this.#digest ??= finishDigest(this.#hash, this.#algorithm)
    return this.#digest
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk)
      this.#size += chunk.length
      yield chunk
    }
  }
}

/**
 * Hashes bytes as they go by, and ends with a failure unless they have the digest that is expected of them.
 *
 * @throws RegistryError DIGEST_INVALID, by the last step of the iteration
 */
export class Verifying extends Hashing {
  readonly #expected: Digest

  constructor(source: AsyncIterable<Uint8Array>, expected: Digest) {
    super(source, algorithmOf(expected))
    this.#expected = expected
  }

  override async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    yield* { [Symbol.asyncIterator]: () => super[Symbol.asyncIterator]() }
    requireDigest(this.digest, this.#expected)
  }
}

/** @throws RegistryError DIGEST_INVALID unless the content has the digest that the client said */
export function requireDigest(actual: Digest, expected: Digest): void {
  if (actual === expected) return
  throw new RegistryError('DIGEST_INVALID', {
    detail: `invalid digest for referenced layer: ${expected}, content does not match digest`,
  })
}
