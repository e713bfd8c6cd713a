import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from '../support/at-exit.ts'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { freePort } from '../support/free-port.ts'
import { type RegistryKind } from '../support/registry-process.ts'
import { programPath, repositoryRoot } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { connects } from './connects.ts'

/** A registry as it runs behind a front: under any prefix, on a port or a unix socket, with TLS or without. */

export interface RegistryOptions {
  /** Default: what BERTH_TEST_REGISTRY says, else Berth. */
  readonly kind?: RegistryKind
  /** HOST:PORT, or the path of a socket. Default: a free port. */
  readonly at?: string
  /** Where it stores; replicas share it. Default: a folder of its own. */
  readonly root?: string
  /** The `http` section of its configuration, besides the address. */
  readonly http?: Readonly<Record<string, unknown>>
  /** Further sections. */
  readonly config?: Readonly<Record<string, unknown>>
}

export interface RunningRegistry {
  readonly at: string
  readonly root: string
  /** All that it has written, the access log included. */
  output(): string
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts one and waits until it listens. It ends with the test. */
export async function startRegistry(options: RegistryOptions, test: Cleaner): Promise<RunningRegistry> {
  const folder = temporaryFolder()
  const at = options.at ?? `127.0.0.1:${await freePort()}`
  const root = options.root ?? join(folder.path, 'root')
  mkdirSync(root, { recursive: true })
  const file = join(folder.path, 'config.yml')
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: root } },
    ...options.config,
    // Distribution's replicas must share the secret.
    http: { addr: at, net: at.startsWith('/') ? 'unix' : 'tcp', secret: 'fronts', ...options.http },
  }
  writeFileSync(file, JSON.stringify(config)) // JSON is YAML as well.
  const [program, args] = commandLine(options.kind ?? process.env['BERTH_TEST_REGISTRY'])
  let daemon: BackgroundProcess
  try {
    daemon = await startProcess(program, [...args, 'serve', file], {
      // Distribution 3 would look for a collector of traces.
      env: { OTEL_TRACES_EXPORTER: 'none' },
      isReady: () => connects(at),
    })
  } catch (error) {
    await folder.remove()
    throw error
  }
  const stop = async (): Promise<void> => {
    await daemon.stop()
    await folder.remove()
  }
  test.after(stop)
  return {
    at,
    root,
    output: () => daemon.output(),
    stop,
    kill: async () => void (await daemon.kill()),
  }
}

function commandLine(kind: string | undefined): [program: string, args: string[]] {
  switch (kind) {
    case 'distribution2':
      return [programPath('docker-registry'), []]
    case 'distribution3':
      return [programPath('distribution3'), []]
    default:
      return [process.execPath, [join(repositoryRoot, 'build', 'src', 'main.cjs')]]
  }
}
