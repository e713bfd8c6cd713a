const mebibyte = 1024 * 1024

/** How much each load moves. Everything follows from one scale, so that a smoke run is the same bench, smaller. */
export interface Sizes {
  readonly tinyBlob: number
  readonly middleBlob: number
  readonly manyBlobs: { readonly count: number; readonly size: number }
  readonly hugeBlob: number
  readonly pushMiddle: { readonly count: number; readonly size: number }
  readonly pushTiny: { readonly count: number; readonly size: number }
  readonly pushHeld: { readonly count: number; readonly size: number }
  readonly imageLayers: readonly number[]
  readonly uploadChunk: number
  readonly fewTags: number
  readonly manyTags: number
  readonly repositories: number
}

export function sizesAt(scale: number): Sizes {
  const count = (full: number): number => Math.max(20, Math.round(full * scale))
  const bytes = (mebibytes: number): number => Math.max(1, Math.round(mebibytes * scale)) * mebibyte
  return {
    tinyBlob: 1024,
    middleBlob: bytes(10),
    manyBlobs: { count: 8, size: bytes(50) },
    hugeBlob: bytes(1024),
    pushMiddle: { count: count(200), size: mebibyte },
    pushTiny: { count: count(1000), size: 1024 },
    pushHeld: { count: 32, size: bytes(64) },
    imageLayers: Array.from({ length: 20 }, (_, index) => (index + 1) * 256 * 1024),
    uploadChunk: mebibyte,
    fewTags: count(10_000),
    manyTags: count(100_000),
    repositories: count(10_000),
  }
}

/** As `sizesAt`, with the counts of the bars for a store of objects. */
export function objectStoreSizesAt(scale: number): Sizes {
  const few = sizesAt(scale)
  return { ...few, manyTags: 20, repositories: Math.max(20, Math.round(2000 * scale)) }
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1024 * mebibyte) return `${bytes / (1024 * mebibyte)} GiB`
  if (bytes >= mebibyte) return `${bytes / mebibyte} MiB`
  return `${bytes / 1024} KiB`
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}
