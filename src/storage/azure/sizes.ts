/** Bounds of Azure, in bytes: https://learn.microsoft.com/azure/storage/blobs/scalability-targets */
const mebibyte = 1024 ** 2
export const largestBlock: number = 4_000 * mebibyte
/** What Put Blob From URL takes. */
export const largestPut: number = 5_000 * mebibyte
export const mostBlocks = 50_000
/** What Append Block takes in every version of the service. */
export const largestAppend: number = 4 * mebibyte

/** A block may be smaller. But 50,000 of these are a blob of 244 GiB, and it is what other stores ask of clients. */
export const usualChunk: number = 5 * mebibyte

/** Bytes of a block that the store copies. */
export const copyBlock: number = 256 * mebibyte

/** So many blocks are of one size. */
const evenBlocks = 25_000
/** Further ones hold this fraction of what was sent before: with blocks of 10 MiB at first, 50,000 hold more than Azure takes. */
const growth = 4_000

/**
 * Bytes of the next block of an object whose length is not known yet.
 *
 * @param sent blocks before it
 * @param total their bytes
 */
export function blockSize(chunk: number, sent: number, total: number): number {
  if (sent < evenBlocks) return chunk
  const grown = Math.ceil(total / growth / mebibyte) * mebibyte
  return Math.min(Math.max(chunk, grown), largestBlock)
}
