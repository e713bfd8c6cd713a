/**
 * Waits for work, but no longer than until a signal: whoever gives out credentials may be silent, and not all libraries heed a signal.
 * The work itself goes on.
 *
 * @param late what the error says then
 */
export async function before<Result>(
  signal: AbortSignal,
  work: Promise<Result>,
  late: string,
): Promise<Result> {
  signal.throwIfAborted()
  let giveUp: (() => void) | undefined
  const end = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Error(late))
    signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    return await Promise.race([work, end])
  } finally {
    if (giveUp !== undefined) signal.removeEventListener('abort', giveUp)
  }
}
