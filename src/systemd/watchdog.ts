import { timerOf } from '../util/timer.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * How often systemd's watchdog wants to hear from us: in half the time that it allows, as sd_watchdog_enabled(3) advises.
 *
 * @returns milliseconds; undefined when nobody watches, or watches another process
 */
export function watchdogInterval(env: Environment, pid: number): number | undefined {
  const watched = env['WATCHDOG_PID']
  if (watched !== undefined && watched !== '' && watched !== String(pid)) return undefined
  const text = env['WATCHDOG_USEC'] ?? ''
  if (!/^\d{1,18}$/.test(text) || Number(text) === 0) return undefined
  return timerOf(Math.max(Math.floor(Number(text) / 2000), 1))
}
