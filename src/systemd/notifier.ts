import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../registry/context.ts'
import { notifySend, type Send } from './notify-send.ts'
import { watchdogInterval } from './watchdog.ts'

/**
 * Tells systemd how this service is, by the messages of sd_notify(3). Never throws; what fails is in the log, once. Each
 * call resolves when systemd has heard it, or after a second: it may be slow, and no stop should wait for that.
 */
export interface Notifier {
  /** It serves; after a reload it serves again. */
  ready(status?: string): Promise<void>
  reloading(): Promise<void>
  stopping(): Promise<void>
  /** A line for people who look at the service. */
  status(text: string): Promise<void>
  /**
   * Tells that all is well, twice in the time that the unit's `WatchdogSec` allows, as long as `isWell` says so and the event loop
   * turns. Does nothing when the unit has none.
   */
  startWatchdog(isWell: () => boolean): void
  stopWatchdog(): void
}

export interface NotifierOptions {
  readonly log: Log
  readonly pid?: number
  /** Default: by the program `systemd-notify`. */
  readonly send?: Send
}

/** Milliseconds. */
const patience = 1_000

/** Microseconds of the clock that systemd compares with its own. */
function monotonicMicroseconds(): string {
  return (process.hrtime.bigint() / 1000n).toString()
}

/**
 * A notifier, when systemd listens for one.
 *
 * @param env of the process. What concerns systemd's notifications is taken out of it, so that no program which we start later takes
 * them for its own.
 * @returns undefined when not started by systemd as a service of `Type=notify`
 */
export function notifier(env: NodeJS.ProcessEnv, options: NotifierOptions): Notifier | undefined {
  const { log, pid = process.pid } = options
  const socket = env['NOTIFY_SOCKET']
  const interval = watchdogInterval(env, pid)
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  if (socket === undefined || socket === '') return undefined

  const send = options.send ?? notifySend({ socket, path: env['PATH'], pid, log })
  let last: Promise<void> = Promise.resolve()
  /** One after the other: systemd must not hear READY before RELOADING. */
  const tell = async (...lines: readonly string[]): Promise<void> => {
    last = last.then(() => send(lines))
    await Promise.race([last, sleep(patience, undefined, { ref: false })])
  }
  let timer: NodeJS.Timeout | undefined
  let isBeating = false
  return {
    ready: (status) => tell('READY=1', ...(status === undefined ? [] : [statusLine(status)])),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${monotonicMicroseconds()}`),
    stopping: () => tell('STOPPING=1'),
    status: (text) => tell(statusLine(text)),
    startWatchdog(isWell): void {
      if (interval === undefined || timer !== undefined) return
      const beat = (): void => {
        if (isBeating || !isWell()) return
        isBeating = true
        void tell('WATCHDOG=1')
        void last.then(() => (isBeating = false))
      }
      beat()
      timer = setInterval(beat, interval).unref()
    },
    stopWatchdog(): void {
      clearInterval(timer)
      timer = undefined
    },
  }
}

function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, ' ')}`
}
