import { setTimeout as sleep } from 'node:timers/promises'
import { AcmeProblem } from './problem.ts'

/** Milliseconds: before the second look, and at most before any. */
const firstPause = 100
const longestPause = 5_000

/** Milliseconds in which an authority must have come to an end. */
const patience = 180_000

/**
 * Looks again and again until what is seen is final.
 *
 * @throws AcmeProblem when that takes longer than three minutes; the signal's reason
 */
export async function pollUntil<T>(
  look: () => Promise<T>,
  isFinal: (seen: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  const deadline = Date.now() + patience
  for (let pause = firstPause; ; pause = Math.min(pause * 1.5, longestPause)) {
    const seen = await unlessAborted(look(), signal)
    if (isFinal(seen)) return seen
    if (Date.now() > deadline)
      throw new AcmeProblem(undefined, 'the authority does not come to an end in time')
    await sleep(pause, undefined, { signal })
  }
}

/** What a promise brings, unless the signal comes first: then its reason is thrown, and nobody waits for the promise any more. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort)
  }
}
