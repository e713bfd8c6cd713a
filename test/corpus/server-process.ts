import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { atExit } from '../support/at-exit.ts'
import type { RegistryKind } from '../support/registry-process.ts'
import { programPath, repositoryRoot } from '../support/require-program.ts'

/** A registry as a process that may end at any time: whether it starts is what is asked. */
export interface ServerProcess {
  readonly hasEnded: () => boolean
  /** Settles when it has ended, and all that it wrote is there. */
  readonly ended: Promise<ServerEnd>
  readonly signal: (signal: NodeJS.Signals) => void
}

/** What is left of a process. */
export interface ServerEnd {
  /** undefined when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface ServerOptions {
  readonly configFile: string
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** Runs a registry on a configuration file. */
export function startServer(kind: RegistryKind, { configFile, folder, env }: ServerOptions): ServerProcess {
  const [program, args] = commandLine(kind)
  const child = spawn(program, [...args, 'serve', configFile], {
    cwd: folder,
    // Distribution 3 would look for a collector of traces.
    env: { ...inherited(), OTEL_TRACES_EXPORTER: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const forget = atExit(() => child.kill('SIGKILL'))
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const ended = new Promise<ServerEnd>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      forget()
      resolve({
        code: code ?? undefined,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      })
    })
  })
  return {
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ended,
    signal: (signal) => child.kill(signal),
  }
}

function commandLine(kind: RegistryKind): readonly [program: string, args: readonly string[]] {
  if (kind === 'distribution2') return [programPath('docker-registry'), []]
  if (kind === 'distribution3') return [programPath('distribution3'), []]
  return [process.execPath, [join(repositoryRoot, 'build', 'src', 'main.cjs')]]
}

/** The environment without what would configure the registry, or a driver's library. */
function inherited(): NodeJS.ProcessEnv {
  const kept = ['HOME', 'LANG', 'PATH', 'TMPDIR', 'USER']
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)))
}
