import { createHash, type Hash } from 'node:crypto'
import { RegistryError } from './errors.ts'

declare const parsed: unique symbol

/** A content digest such as `sha256:9f86…`. Only the functions of this file make one. */
export type Digest = string & { readonly [parsed]: true }

/** The algorithms of the OCI image specification, "Digests", that Distribution knows too. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512'

const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 }
const lowerHex = /^[0-9a-f]+$/

/** The algorithm under which content is stored, whatever algorithm a client uses to name it. */
export const canonicalAlgorithm: DigestAlgorithm = 'sha256'

export const digestAlgorithms: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512']

/** Characters of a whole digest, for each algorithm. */
export const digestLengths: readonly number[] = digestAlgorithms.map(
  (algorithm) => algorithm.length + 1 + hexLength[algorithm],
)

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return Object.hasOwn(hexLength, text)
}

export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(':')
  const algorithm = text.slice(0, colon)
  const hex = text.slice(colon + 1)
  return isDigestAlgorithm(algorithm) && hex.length === hexLength[algorithm] && lowerHex.test(hex)
}

/**
 * Parses a digest of a known algorithm.
 *
 * @throws RegistryError DIGEST_INVALID when it is malformed or of another algorithm
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new RegistryError('DIGEST_INVALID', {
    message: 'invalid digest',
    detail: `not a ${digestAlgorithms.join(', ')} digest: ${text.slice(0, 200)}`,
  })
}

/**
 * Parses the name of a digest algorithm.
 *
 * @throws RegistryError DIGEST_INVALID
 */
export function parseDigestAlgorithm(text: string): DigestAlgorithm {
  if (isDigestAlgorithm(text)) return text
  throw new RegistryError('DIGEST_INVALID', {
    message: 'unsupported digest algorithm',
    detail: `not one of ${digestAlgorithms.join(', ')}: ${text.slice(0, 200)}`,
  })
}

export function algorithmOf(value: Digest): DigestAlgorithm {
  return value.slice(0, value.indexOf(':')) as DigestAlgorithm
}

export function hexOf(value: Digest): string {
  return value.slice(value.indexOf(':') + 1)
}

/** The digest of all of `content`. */
export function digestOf(content: Uint8Array, algorithm: DigestAlgorithm = canonicalAlgorithm): Digest {
  return finishDigest(createHash(algorithm).update(content), algorithm)
}

/** Ends a running hash of `algorithm`. */
export function finishDigest(hash: Hash, algorithm: DigestAlgorithm): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest
}
