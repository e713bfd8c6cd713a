import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Log } from '../registry/context.ts'

/** Sends lines of sd_notify(3) as one message. Never fails. */
export type Send = (lines: readonly string[]) => Promise<void>

export interface NotifySendOptions {
  /** What NOTIFY_SOCKET holds. */
  readonly socket: string
  readonly path: string | undefined
  /** The service's main process: ours, for the message comes from a child. */
  readonly pid: number
  readonly log: Log
}

/** Milliseconds; the program itself waits for systemd up to five seconds. */
const patience = 10_000

/** Node has no datagram sockets of the file system's kind, so that systemd's own program sends for us. */
export function notifySend({ socket, path, pid, log }: NotifySendOptions): Send {
  let hasFailed = false
  return async (lines) => {
    const failure = await run(['--pid=' + String(pid), ...lines], { NOTIFY_SOCKET: socket, PATH: path })
    if (failure === undefined || hasFailed) return
    hasFailed = true
    log.warn({ reason: failure }, 'systemd is not notified')
  }
}

/** Node throws some failures, such as want of memory, and tells the others by an event. */
function started(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcessByStdio<null, null, Readable> | NodeJS.ErrnoException {
  try {
    return spawn('systemd-notify', args, { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: patience })
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/** @returns what went wrong */
async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const child = started(args, env)
    if (child instanceof Error) {
      resolve(explain(child))
      return
    }
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 500)))
    child.once('error', (error: NodeJS.ErrnoException) => resolve(explain(error)))
    child.once('close', (code, signal) => {
      resolve(code === 0 ? undefined : text.trim() || `systemd-notify ended with ${signal ?? String(code)}`)
    })
  })
}

function explain(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT'
    ? 'no program systemd-notify in PATH: install it, and let the unit say NotifyAccess=all, for it sends as a child process'
    : error.message
}
