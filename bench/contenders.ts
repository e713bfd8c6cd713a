import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  node24,
  startRegistry,
  type RegistryOptions,
  type RunningRegistry,
} from '../test/support/registry-process.ts'
import { programPath, repositoryRoot } from '../test/support/require-program.ts'
import type { TlsFiles } from './tls-files.ts'

export type ContenderId = 'berth' | 'berth-node20' | 'distribution3' | 'distribution2'

/** A server that takes part. */
export interface Contender {
  readonly id: ContenderId
  readonly title: string
  readonly version: string
  /** Takes part in every second round only: a column to look at, not one that the bars go by. */
  readonly spared?: boolean
  start(root: string, serving?: Serving): Promise<RunningRegistry>
}

/** How a server is to serve. Default: plain HTTP on a free port. */
export interface Serving {
  readonly port?: number
  /** With TLS, HTTP/2 included, by this certificate. */
  readonly tls?: TlsFiles
  /** Sections of the configuration besides. */
  readonly config?: NonNullable<RegistryOptions['config']>
}

/** The same for all. Distribution keeps descriptors in memory, as the configuration in its image does. */
const config: NonNullable<RegistryOptions['config']> = {
  log: { level: 'error', accesslog: { disabled: true } },
  storage: {
    cache: { blobdescriptor: 'inmemory' },
    delete: { enabled: false },
    maintenance: { uploadpurging: { enabled: false } },
  },
  http: { secret: 'bench' },
}

/** All contenders in the order in which they take turns, or why one is not here. */
export const contenders: Readonly<Record<ContenderId, () => Contender | string>> = {
  berth: () => berth('berth', 24, [node24, process.execPath, 'node']),
  'berth-node20': () => berth('berth-node20', 20, [process.execPath, 'node']),
  distribution3: () => distribution('distribution3', 'Distribution 3', 'distribution3'),
  distribution2: () => distribution('distribution2', 'Distribution 2.8', 'docker-registry'),
}

/** Berth on the first of these programs that is a Node of the wanted major version. */
function berth(id: ContenderId, major: number, candidates: readonly string[]): Contender | string {
  if (!existsSync(join(repositoryRoot, 'build', 'src', 'main.cjs'))) return 'Berth is not built'
  for (const nodeBinary of candidates) {
    const version = outputOf(nodeBinary, ['--version'])
    if (!version.startsWith(`v${major}.`)) continue
    return {
      id,
      title: `Berth, Node ${major}`,
      version: version.slice(1),
      spared: major !== 24,
      start: (root, serving) => startRegistry(optionsFor({ kind: 'berth', root, nodeBinary }, serving)),
    }
  }
  return `no Node ${major} here: run test/services/install.sh`
}

function distribution(
  id: 'distribution2' | 'distribution3',
  title: string,
  name: string,
): Contender | string {
  let program: string
  try {
    program = programPath(name)
  } catch (error) {
    return (error as Error).message
  }
  return {
    id,
    title,
    version: /(\d[\d.]*)\S*$/.exec(outputOf(program, ['--version']))?.[1] ?? 'unknown',
    start: (root, serving) => startRegistry(optionsFor({ kind: id, root }, serving)),
  }
}

function optionsFor(options: RegistryOptions, serving: Serving = {}): RegistryOptions {
  const { port, tls, config: further = {} } = serving
  const own = tls && { tls: { certificate: tls.certificate, key: tls.key } }
  const storage = { ...sectionOf(config, 'storage'), ...sectionOf(further, 'storage') }
  const http = { ...sectionOf(config, 'http'), ...sectionOf(further, 'http'), ...own }
  return {
    ...options,
    config: { ...config, ...further, http, storage },
    ...(port !== undefined && { port }),
    ...(tls && { tls: { ca: readFileSync(tls.authority) } }),
  }
}

function sectionOf(tree: Readonly<Record<string, unknown>>, key: string): object {
  const section = tree[key]
  return typeof section === 'object' && section !== null ? section : {}
}

export function outputOf(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return ((stdout ?? '') || (stderr ?? '')).trim()
}
