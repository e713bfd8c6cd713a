import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess, type BackgroundProcess, type ProcessEnd } from './background-process.ts'
import type { Cleaner } from './at-exit.ts'
import { freePort } from './free-port.ts'
import { http, type TlsClient } from './http.ts'
import { programPath, repositoryRoot, servicesFolder } from './require-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Starts a registry server as a process of its own on loopback: Berth, or one of those it has to match. */

export type RegistryKind = 'berth' | 'distribution2' | 'distribution3'

export interface RegistryOptions {
  /** Default: what BERTH_TEST_REGISTRY says, else Berth. So a suite can be tried against Distribution. */
  readonly kind?: RegistryKind
  /** Where it stores. Default: a folder that is removed at the end. A given folder stays. */
  readonly root?: string
  /** Default: a free port. Give it to start a registry again where clients know it. */
  readonly port?: number
  /** Merged into the configuration file; a null removes a default. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: NodeJS.ProcessEnv
  /** The configuration turns TLS on: what it takes to ask whether the registry is ready. */
  readonly tls?: TlsClient
  /** The Node that runs Berth. Default: the one that runs the tests. See `node24`. */
  readonly nodeBinary?: string
  /** Node's own flags, such as `--cpu-prof`. */
  readonly nodeFlags?: readonly string[]
}

export interface RunningRegistry {
  readonly kind: RegistryKind
  /** Without a slash at its end. */
  readonly url: string
  /** HOST:PORT, as it stands in an image's name. */
  readonly host: string
  readonly port: number
  readonly root: string
  readonly pid: number
  output(): string
  /** Sends a signal (SIGTERM), waits for the end and removes what is temporary. */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>
  /** kill -9. The folder stays until `stop`, or the test's end. */
  kill(): Promise<ProcessEnd>
}

/** The Node 24 that `test/services/install.sh` fetched. */
export const node24: string = join(servicesFolder, 'node24', 'bin', 'node')

/** Starts a registry and waits until it answers `/v2/`. It ends with the test, if one is given, or with this process. */
export async function startRegistry(options: RegistryOptions = {}, test?: Cleaner): Promise<RunningRegistry> {
  const kind = options.kind ?? defaultKind()
  const folder = temporaryFolder()
  const root = options.root ?? join(folder.path, 'root')
  mkdirSync(root, { recursive: true })
  const configFile = join(folder.path, 'config.yml')
  const [program, args] = commandLine(kind, configFile, options)
  const scheme = options.tls === undefined ? 'http' : 'https'

  const start = async (port: number): Promise<BackgroundProcess> => {
    const config = merge(
      {
        version: 0.1,
        log: { level: 'info' },
        storage: { filesystem: { rootdirectory: root } },
        http: { addr: `127.0.0.1:${port}` },
      },
      options.config ?? {},
    )
    writeFileSync(configFile, JSON.stringify(config, undefined, 2)) // JSON is YAML as well.
    return await startProcess(program, args, {
      // Distribution 3 would look for a collector of traces.
      env: { OTEL_TRACES_EXPORTER: 'none', ...options.env },
      isReady: async () => {
        const { status } = await http('GET', `${scheme}://127.0.0.1:${port}/v2/`, {
          silenceMs: 5000,
          ...(options.tls && { tls: options.tls }),
        })
        return status === 200 || status === 401
      },
    })
  }

  let port = options.port ?? (await freePort())
  let daemon: BackgroundProcess
  try {
    daemon = await start(port).catch(async (error: unknown) => {
      // Another program may have taken the port meanwhile.
      if (options.port !== undefined || !/address.*in use|EADDRINUSE/i.test(String(error))) throw error
      port = await freePort()
      return await start(port)
    })
  } catch (error) {
    await folder.remove()
    throw error
  }

  const stop = async (signal?: NodeJS.Signals): Promise<ProcessEnd> => {
    try {
      return await daemon.stop(signal)
    } finally {
      await folder.remove()
    }
  }
  test?.after(async () => {
    await stop()
  })
  return {
    kind,
    url: `${scheme}://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    root,
    pid: daemon.pid,
    output: () => daemon.output(),
    stop,
    kill: () => daemon.kill(),
  }
}

function defaultKind(): RegistryKind {
  const kind = process.env['BERTH_TEST_REGISTRY'] ?? 'berth'
  if (kind !== 'berth' && kind !== 'distribution2' && kind !== 'distribution3')
    throw new Error(`BERTH_TEST_REGISTRY: ${kind} is not berth, distribution2 or distribution3`)
  return kind
}

function commandLine(kind: RegistryKind, configFile: string, options: RegistryOptions): [string, string[]] {
  if (kind === 'distribution2') return [programPath('docker-registry'), ['serve', configFile]]
  if (kind === 'distribution3') return [programPath('distribution3'), ['serve', configFile]]
  const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
  return [options.nodeBinary ?? process.execPath, [...(options.nodeFlags ?? []), main, 'serve', configFile]]
}

type Tree = Readonly<Record<string, unknown>>

/** Objects are merged, all else is replaced; null removes. */
function merge(base: Tree, change: Tree): Tree {
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(change)) {
    const old = result[key]
    if (value === null) delete result[key]
    else result[key] = isTree(old) && isTree(value) ? merge(old, value) : value
  }
  return result
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
