import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { atExit } from './at-exit.ts'

/** A daemon that lives beside a test, and never longer than the test's process. */
export interface BackgroundProcess {
  readonly pid: number
  /** All it has written so far, both streams. */
  output(): string
  readonly running: boolean
  /**
   * Sends a signal (SIGTERM) and waits for the end. Throws with its output when it had ended before anybody asked it to,
   * and when it does not end within 30 s, for neither must go unnoticed.
   */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>
  /** kill -9, and waits for the end. */
  kill(): Promise<ProcessEnd>
  /** Settles when it has ended. */
  readonly ended: Promise<ProcessEnd>
}

export interface ProcessEnd {
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
}

export interface BackgroundOptions {
  readonly cwd?: string
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: NodeJS.ProcessEnv
  /** Asked again and again until it says true; a throw means not yet. */
  readonly isReady: () => Promise<boolean>
  /** Default: 30 s. */
  readonly readyWithinMs?: number
}

const stopWithinMs = 30_000

/** Starts a program and waits until it is ready. Throws with its output when it ends before or takes too long. */
export async function startProcess(
  program: string,
  args: readonly string[],
  options: BackgroundOptions,
): Promise<BackgroundProcess> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(child, 'spawn')
  // It must not keep a test process alive that failed before it stopped it: then `atExit` ends it.
  child.unref()
  for (const stream of [child.stdout, child.stderr]) (stream as Socket).unref()
  const forget = atExit(() => child.kill('SIGKILL'))

  let end: ProcessEnd | undefined
  let asked = false
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.on('exit', (code, signal) => {
      end = { code: code ?? undefined, signal: signal ?? undefined }
      forget()
      resolve(end)
    })
  })
  const output = (): string => Buffer.concat(chunks).toString()
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> => {
    if (end && !asked)
      throw new Error(`${program} ended by itself with ${JSON.stringify(end)}\n${output().slice(-20_000)}`)
    if (end) return end
    asked = true
    child.ref()
    child.kill(signal)
    let wasKilled = false
    const timer = setTimeout(() => {
      wasKilled = child.kill('SIGKILL')
    }, stopWithinMs)
    const result = await ended
    clearTimeout(timer)
    if (wasKilled)
      throw new Error(`${program} did not end ${stopWithinMs} ms after ${signal}\n${output().slice(-20_000)}`)
    return result
  }

  const deadline = Date.now() + (options.readyWithinMs ?? 30_000)
  for (;;) {
    const ready = await options.isReady().catch(() => false)
    if (end) throw new Error(`${program} ended with ${JSON.stringify(end)} before it was ready\n${output()}`)
    if (ready) break
    if (Date.now() > deadline) {
      await stop('SIGKILL')
      throw new Error(`${program} was not ready in time\n${output()}`)
    }
    await delay(25)
  }
  return {
    pid: child.pid!,
    output,
    get running() {
      return end === undefined
    },
    stop,
    kill: () => stop('SIGKILL'),
    get ended() {
      child.ref()
      return ended
    },
  }
}
