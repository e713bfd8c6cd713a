import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { atExit, type Cleaner } from '../support/at-exit.ts'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { connects } from './connects.ts'
import { prepareHaproxy } from './haproxy.ts'
import { prepareNginx } from './nginx.ts'
import type { Edit } from './shipped.ts'

/** Runs a real load balancer with the configuration that is shipped in `deploy/`, on addresses of the test's own. */

export const frontKinds = ['nginx', 'haproxy'] as const
export type FrontKind = (typeof frontKinds)[number]

/** Below which path the registry lies, and who knows of it. */
export type Site = 'whole-host' | 'prefix' | 'path'

/** PEM files. */
export interface FrontTls {
  readonly certificate: string
  readonly key: string
}

export interface FrontOptions {
  readonly kind: FrontKind
  /** Where the replicas are: HOST:PORT, or the path of a socket. */
  readonly registries: readonly string[]
  /** With the files that are shipped for several replicas, in place of those for one. */
  readonly severalReplicas?: boolean
  /** Default: plain. */
  readonly tls?: FrontTls
  /** Default: whole-host. */
  readonly site?: Site
  /** Where it listens. Default: an address of loopback that nobody else uses, and the scheme's own port. */
  readonly address?: string
  readonly port?: number
  /** The registries speak TLS, with a certificate for `registry.internal` that this authority signed (a PEM file). */
  readonly registryCa?: string
  /** Further changes, such as to shorter time-outs, by the file's name. */
  readonly edits?: Readonly<Record<string, readonly Edit[]>>
}

export interface RunningFront {
  readonly kind: FrontKind
  /** As a client writes it: without the port where it is the scheme's own, without a slash at its end. */
  readonly origin: string
  /** HOST or HOST:PORT, as it stands in an image's name. */
  readonly host: string
  readonly address: string
  readonly port: number
  /** Where it would keep what it buffers on disk. */
  readonly temporaryFolder: string
  /** Resident memory of all its processes, in MiB. */
  memory(): number
  output(): string
  stop(): Promise<void>
}

/** What the programs need to be started. */
export interface Prepared {
  readonly program: string
  readonly args: readonly string[]
  readonly temporaryFolder: string
  remove(): Promise<void>
}

export interface Place {
  readonly address: string
  readonly port: number
  readonly tls: FrontTls | undefined
  readonly site: Site
}

/**
 * Starts a front and waits until it listens. It ends with the test. The scheme's own port needs root; that of another number does
 * not.
 */
export async function startFront(options: FrontOptions, test: Cleaner): Promise<RunningFront> {
  const { kind, tls } = options
  const address = options.address ?? ownAddress()
  const port = options.port ?? (tls === undefined ? 80 : 443)
  const place: Place = { address, port, tls, site: options.site ?? 'whole-host' }
  const prepared = kind === 'nginx' ? prepareNginx(options, place) : prepareHaproxy(options, place)
  let daemon: BackgroundProcess
  try {
    daemon = await startProcess(prepared.program, prepared.args, {
      isReady: () => connects(`${address}:${port}`),
    })
  } catch (error) {
    await prepared.remove()
    throw error
  }
  // Whoever kills nginx's first process leaves the others.
  const forget = atExit(() => {
    for (const child of childrenOf(daemon.pid)) process.kill(child, 'SIGKILL')
  })
  const stop = async (): Promise<void> => {
    try {
      await daemon.stop()
    } finally {
      forget()
      await prepared.remove()
    }
  }
  test.after(stop)
  const origin = originOf(place)
  return {
    kind,
    origin,
    host: new URL(origin).host,
    address,
    port,
    temporaryFolder: prepared.temporaryFolder,
    memory: () => memoryOf(daemon.pid),
    output: () => daemon.output(),
    stop,
  }
}

/** Where clients find it, before it is started. */
export function originOf({ address, port, tls }: Pick<Place, 'address' | 'port' | 'tls'>): string {
  // Leaves out the port that is the scheme's own.
  return new URL(`${tls === undefined ? 'http' : 'https'}://${address}:${port}`).origin
}

/** An address of loopback, which is all of 127.0.0.0/8, where the standard ports are free. */
export function ownAddress(): string {
  return `127.${randomInt(2, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  return childrenOf(pid).reduce((sum, child) => sum + memoryOf(child), own)
}

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return children.filter((child) => child !== '').map(Number)
}
