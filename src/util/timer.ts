/** Milliseconds. Node makes a longer timer fire at once. */
const longest = 2 ** 31 - 1

/** As many milliseconds, or as many as a timer can take: some 25 days. */
export function timerOf(milliseconds: number): number {
  return Math.min(milliseconds, longest)
}
