/** Bounds of S3, in bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const mebibyte = 1024 ** 2
export const largestPart: number = 5 * 1024 ** 3
/** What CopyObject takes. */
export const largestCopy: number = 5 * 1024 ** 3
export const mostParts = 10_000

export const defaultCopyChunk: number = 32 * mebibyte

/** So many parts are of one size, for some stores (Cloudflare R2) want that of all but the last. */
const evenParts = 5_000
/** Further ones hold this fraction of what was sent before, so that 10,000 suffice for 5 TiB even when they begin with 5 MiB. */
const growth = 900

/**
 * Bytes of the next part of an object whose length is not known yet.
 *
 * @param sent parts before it
 * @param total their bytes
 */
export function partSize(chunk: number, sent: number, total: number): number {
  if (sent < evenParts) return chunk
  const grown = Math.ceil(total / growth / mebibyte) * mebibyte
  return Math.min(Math.max(chunk, grown), largestPart)
}

/** Bytes of each part but the last of an object of known size: as asked for, or as many as 10,000 parts need. */
export function evenPartSize(chunk: number, size: number): number {
  return Math.min(Math.max(chunk, Math.ceil(size / mostParts)), largestPart)
}
