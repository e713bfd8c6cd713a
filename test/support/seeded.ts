import { createCipheriv, createHash } from 'node:crypto'

/** Bytes that look random and are the same for the same seed: they cannot be compressed, nor shared by accident. */
export function* seededChunks(
  seed: string,
  size: number,
  chunkSize: number = 1024 * 1024,
): Generator<Buffer> {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(Math.min(chunkSize, size))
  for (let left = size; left > 0; left -= zeros.length)
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)))
}

export function seededBytes(seed: string, size: number): Buffer {
  return Buffer.concat([...seededChunks(seed, size)])
}

/** The digest of some bytes, as an image names them. */
export function digestOf(content: string | Uint8Array, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`
}
