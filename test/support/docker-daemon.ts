import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { startProcess } from './background-process.ts'
import { programPath } from './require-program.ts'
import { run, type RunOptions } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A Docker daemon of a test's own: it shares nothing with one of the machine, and touches no network rules. */
export interface DockerDaemon {
  /** Runs `docker` against this daemon and gives what it printed. */
  readonly docker: (args: readonly string[], options?: RunOptions) => Promise<string>
  readonly output: () => string
  readonly stop: () => Promise<void>
}

/** What `requireProgram` should be asked for. */
export const dockerPrograms = ['dockerd', 'docker', 'containerd', 'runc'] as const

/** Starts the daemon with additional settings of its `daemon.json`. It is stopped and removed when the test ends. */
export async function startDocker(
  test?: Cleaner,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<DockerDaemon> {
  const folder = temporaryFolder()
  const socket = join(folder.path, 'docker.sock')
  const settingsFile = join(folder.path, 'daemon.json')
  writeFileSync(
    settingsFile,
    JSON.stringify({
      'storage-driver': 'vfs',
      iptables: false,
      ip6tables: false,
      bridge: 'none',
      hosts: [`unix://${socket}`],
      'data-root': join(folder.path, 'data'),
      'exec-root': join(folder.path, 'exec'),
      pidfile: join(folder.path, 'docker.pid'),
      ...settings,
    }),
  )
  const environment = {
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: join(folder.path, 'client'),
    DOCKER_BUILDKIT: '0',
    DOCKER_CONTEXT: undefined,
  }
  const program = programPath('docker')
  const docker = async (args: readonly string[], options: RunOptions = {}): Promise<string> => {
    const env = { ...environment, ...options.env }
    return (await run(program, args, { ...options, env })).stdout.trim()
  }
  try {
    const daemon = await startProcess(programPath('dockerd'), ['--config-file', settingsFile], {
      isReady: async () => (await docker(['version'])).includes('Server'),
      readyWithinMs: 60_000,
    })
    const stop = async (): Promise<void> => {
      try {
        await daemon.stop()
      } finally {
        await folder.remove()
      }
    }
    test?.after(stop)
    return { docker, output: () => daemon.output(), stop }
  } catch (error) {
    await folder.remove()
    throw error
  }
}
