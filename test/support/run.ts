import { spawn } from 'node:child_process'

/**
 * Runs a program to its end and gives what it said. A failure throws with the program's whole output, so that a failed
 * test says why.
 */

export interface RunOptions {
  readonly cwd?: string
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: NodeJS.ProcessEnv
  /** Written to the program's standard input, which is then closed. */
  readonly input?: string | Uint8Array
  /** Default: two minutes. */
  readonly timeoutMs?: number
  /** Gives the result of a program that ends with another code than 0, instead of throwing. */
  readonly mayFail?: boolean
}

export interface RunResult {
  /** undefined when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** The words of a command line, without any quoting. */
export function words(line: string): string[] {
  return line.trim().split(/\s+/)
}

export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? 120_000
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: what the program started in turn ends with it.
    detached: true,
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A program may end without reading its input.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')

  const endGroup = (): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  process.once('exit', endGroup)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    endGroup()
  }, timeoutMs)
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
      (resolve, reject) => {
        child.on('error', reject)
        child.on('close', (exitCode, exitSignal) => {
          resolve({ code: exitCode, signal: exitSignal })
        })
      },
    )
    const result: RunResult = {
      code: code ?? undefined,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    }
    if (timedOut || (code !== 0 && options.mayFail !== true)) {
      const how = timedOut ? `did not end within ${timeoutMs} ms` : `ended with ${code ?? signal}`
      throw new Error(`${[program, ...args].join(' ')}\n${how}\n${result.stdout}\n${result.stderr}`)
    }
    return result
  } finally {
    clearTimeout(timer)
    process.off('exit', endGroup)
  }
}
