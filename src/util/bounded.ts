/**
 * Bounds an lru-cache to a number of entries. Its own `max` makes it allocate room for all of them at once, megabytes that most
 * registries never need.
 */
export function bounded(entries: number): {
  readonly maxSize: number
  readonly sizeCalculation: () => number
} {
  return { maxSize: entries, sizeCalculation: () => 1 }
}
