/** What an error that a command ended with means for the next ones. */
export type Trouble =
  /** Of this one key alone: somebody else keeps something of another kind under it. */
  | 'this key'
  /** Reads work, writes do not: the memory is full, the disk is, or it is a replica. */
  | 'writes'
  /** Nothing works. */
  | 'all'

const ofWrites: ReadonlySet<string> = new Set(['OOM', 'READONLY', 'MISCONF', 'NOREPLICAS'])

/** Redis begins its errors with a word in capitals. */
export function troubleOf(error: unknown): Trouble {
  const word = error instanceof Error ? error.message.split(' ', 1)[0] : undefined
  if (word === 'WRONGTYPE') return 'this key'
  return word !== undefined && ofWrites.has(word) ? 'writes' : 'all'
}

/** In one short line for the log. No secret is in what Redis or Node say. */
export function reasonOf(error: unknown): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  const [first = error] = errors
  const text = first instanceof Error ? first.message || first.name : String(first)
  return text.replaceAll(/\s+/g, ' ').slice(0, 200)
}
