import { timerOf } from '../util/timer.ts'

/** Milliseconds for a run of a check that has no time-out of its own: so that a hanging one shows. */
const fallbackLimit = 30_000

/** Milliseconds that a check with its own time-out gets to tell of it before it is given up. */
const grace = 5_000

/** The `limit` of a check that keeps a time-out itself, 0 being none. */
export function limitOf(timeout: number): number {
  return timeout > 0 ? timeout + grace : fallbackLimit
}

/**
 * Runs `action` with a signal that aborts with `signal`, or after `timeout` milliseconds (0: never).
 *
 * @throws Error `timed out after 3 s`; what `action` throws
 */
export async function withTimeout<Value>(
  timeout: number,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  if (timeout <= 0) return await action(signal)
  const timer = new AbortController()
  const timeoutId = setTimeout(() => timer.abort(), timerOf(timeout))
  try {
    return await action(AbortSignal.any([signal, timer.signal]))
  } catch (error) {
    if (timer.signal.aborted) throw new Error(`timed out after ${timeout / 1000} s`, { cause: error })
    throw error
  } finally {
    clearTimeout(timeoutId)
  }
}
