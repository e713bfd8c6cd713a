import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { atExit } from '../support/at-exit.ts'
import { programPath } from '../support/require-program.ts'

export interface Injection {
  detach(): Promise<void>
}

/**
 * Changes what system calls of a running process do, until it is detached or dead.
 *
 * @param threads those that it is about; unset: all
 * @param what as in strace's `--inject`: `fsync:error=EIO`, `rename:signal=KILL:when=3`
 */
export async function inject(
  pid: number,
  what: string,
  threads: readonly string[] = threadsOf(pid),
): Promise<Injection> {
  const calls = what.slice(0, what.indexOf(':'))
  const strace = spawn(
    programPath('strace'),
    ['-q', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${what}`].concat(
      threads.flatMap((id) => ['-p', id]),
    ),
    { stdio: 'ignore' },
  )
  const exit = once(strace, 'exit')
  const forget = atExit(() => strace.kill('SIGKILL'))
  void exit.then(forget)
  await Promise.all(threads.map((id) => attached(id, strace)))
  return {
    async detach(): Promise<void> {
      strace.kill('SIGTERM')
      await exit
    },
  }
}

export function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`)
}

async function attached(thread: string, strace: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const status = readFileSync(`/proc/${thread}/status`, 'latin1')
    if (!/^TracerPid:\s+0$/m.test(status)) return
    assert.equal(strace.exitCode, null, 'strace ended')
    await delay(5)
  }
  assert.fail('strace did not attach')
}
