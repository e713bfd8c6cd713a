/** What an error that a command ended with means for the next ones. */
export type Trouble =
  /** Of this one key alone: somebody else keeps something of another kind under it. */
  | 'this key'
  /** Of this command: the user may not use it, or it has another name there. */
  | 'this command'
  /** Reads work, writes do not: the memory is full, the disk is, or it is a replica. */
  | 'writes'
  /** Nothing works. */
  | 'all'

const ofWrites: ReadonlySet<string> = new Set(['OOM', 'READONLY', 'MISCONF', 'NOREPLICAS'])

const ofCommand = /^(?:NOPERM|ERR unknown command)\b/

/** Redis begins its errors with a word in capitals. */
export function troubleOf(error: unknown): Trouble {
  const message = error instanceof Error ? error.message : ''
  const [word = ''] = message.split(' ', 1)
  if (word === 'WRONGTYPE') return 'this key'
  if (ofCommand.test(message)) return 'this command'
  return ofWrites.has(word) ? 'writes' : 'all'
}

/** What an unknown command is repeated with, by Redis and its kin: that of `HELLO` are the user and the password. */
const repeated = /,? with args beginning with.*$/is

/** Characters of the shortest password that is looked for: parts of words are shorter. */
const shortestSecret = 6

/**
 * In one short line for the log, without what Redis repeats of a command.
 *
 * @param secrets passwords, which whatever is between may repeat as well
 */
export function reasonOf(error: unknown, secrets: readonly string[] = []): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  const [first = error] = errors
  let text = (first instanceof Error ? first.message || first.name : String(first)).replace(repeated, '')
  for (const secret of secrets) if (secret.length >= shortestSecret) text = text.replaceAll(secret, '***')
  return text.replaceAll(/\s+/g, ' ').slice(0, 200)
}
