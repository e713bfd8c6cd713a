import type { Asks, AuthFiles } from './auth-files.ts'
import type { Contender } from './contenders.ts'
import type { Medium } from './media.ts'
import type { PayloadFactory } from './payload.ts'
import type { RunningRegistry } from '../test/support/registry-process.ts'
import type { Seed, SeededPart } from './seed.ts'
import type { Sizes } from './sizes.ts'
import type { TlsFiles } from './tls-files.ts'

export type Unit = 'requests/s' | 'handshakes/s' | 'blobs/s' | 'MiB/s' | 's' | 'ms' | 'MiB'

/** What one unit of a load's work is, for which the server's CPU time is told. */
export type Work = 'request' | 'handshake' | 'GiB' | 'blob' | 'image' | 'listing' | 'start'

interface LoadFacts {
  readonly id: string
  readonly title: string
  readonly family: string
  readonly unit: Unit
  readonly work: Work
}

/** One run of a load against one server. */
export interface Figure {
  /** In the load's unit. */
  readonly value: number
  /** How many units of work were done. */
  readonly work: number
  readonly serverCpuSeconds: number
  readonly clientCpuSeconds: number
  /** CPU seconds that neither the server nor the load program used: how quiet the machine was. */
  readonly otherCpuSeconds: number
  readonly seconds: number
  /** Further figures, each with its unit in its name. */
  readonly extras?: Readonly<Record<string, number>>
}

export interface Surroundings {
  readonly contender: Contender
  readonly medium: Medium
  readonly sizes: Sizes
  readonly seed: Seed
  readonly payloads: PayloadFactory
  /** How long a load that repeats a request goes on. */
  readonly seconds: number
  /** What servers of TLS loads are started with. */
  readonly tls: TlsFiles
  readonly auth: AuthFiles
}

/** A load on a running server. */
export interface ServedLoad extends LoadFacts {
  /** What it reads, from a store that all servers share; or `own`: a store of the server's own, which takes pushes. */
  readonly store: SeededPart | 'own'
  /** By TLS. Default: plain. */
  readonly tls?: true
  /** How the server asks who somebody is. Default: not at all. */
  readonly asks?: Asks
  /** Measured once when it takes longer than this many seconds, so that one slow server does not hold up the others. */
  readonly onceAbove?: number
  run(server: RunningRegistry, surroundings: Surroundings): Promise<Figure>
}

/** A load that starts the server itself, on an empty store. */
export interface ProcessLoad extends LoadFacts {
  readonly store: 'empty'
  run(root: string, surroundings: Surroundings): Promise<Figure>
}

export type Load = ServedLoad | ProcessLoad

export function lowerIsBetter(unit: Unit): boolean {
  return unit === 's' || unit === 'ms' || unit === 'MiB'
}

/** The folder of a store that is not the server's own. */
export function storeFolder(part: SeededPart): 'content' | 'catalog' {
  return part === 'catalog' ? 'catalog' : 'content'
}
