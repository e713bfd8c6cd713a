/** The index of the first name that sorts after `after`: all of them when it is undefined. */
export function firstAfter(names: readonly string[], after: string | undefined): number {
  if (after === undefined) return 0
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] as string) <= after) low = middle + 1
    else high = middle
  }
  return low
}
