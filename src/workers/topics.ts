import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Profile, ProfileKind } from '../debug/profiles.ts'
import type { MetricsSnapshot } from '../metrics/snapshot.ts'
import type { Told } from './told.ts'

/** A configuration, and where its values come from. It crosses as it is: all serve by the same, whatever the file says by now. */
export type Wanted = Pick<LoadedConfig, 'config' | 'sources'>

/** What a worker is told when it begins. */
export interface Beginning {
  readonly config: Config
  readonly sources: LoadedConfig['sources']
  /** From 1 on. */
  readonly number: number
  /** How many workers there are to be. */
  readonly count: number
  /** Of all of them: signs what one gives out and another one gets back. */
  readonly secret: string
  /** Nobody has looked yet whether the store can be used. */
  readonly isFirst: boolean
}

interface Topic<Ask, Answer> {
  readonly ask: Ask
  readonly answer: Answer
}

/** What the primary answers, asked by a worker. */
export type PrimaryTopics = {
  readonly begin: Topic<undefined, Beginning>
  /** It serves what it is given. */
  readonly ready: Topic<undefined, void>
  /** What became of a connection. */
  readonly taken: Topic<{ readonly connection: number; readonly isTaken: boolean }, void>
  /** How many connections it has. */
  readonly open: Topic<number, void>
  /** It got a signal that asks it to end. */
  readonly signalled: Topic<undefined, void>
  /** It cannot start, and why. */
  readonly failed: Topic<string, void>
  /** Is told to all others; answered when they know. */
  readonly told: Topic<Told, void>
  /** A host needs a certificate: answered when whoever orders them has one. */
  readonly order: Topic<string, void>
}

/** What a worker answers, asked by the primary. */
export type WorkerTopics = {
  /** Makes ready to serve by another configuration; fails when it cannot. */
  readonly prepare: Topic<Wanted, void>
  /** Serves by what was prepared. */
  readonly apply: Topic<undefined, void>
  /** There is no reload, after all. */
  readonly discard: Topic<undefined, void>
  /** Does from now on what one of them has to do. */
  readonly lead: Topic<undefined, void>
  readonly told: Topic<Told, void>
  readonly order: Topic<string, void>
  /** Answered by whoever does not hang. */
  readonly alive: Topic<undefined, void>
  readonly metrics: Topic<undefined, MetricsSnapshot>
  /** The checks that fail, each with the reason. */
  readonly failures: Topic<undefined, Readonly<Record<string, string>>>
  /** Takes a profile, for so many milliseconds; undefined: it was ended. */
  readonly profile: Topic<
    { readonly kind: ProfileKind; readonly milliseconds: number },
    Profile | 'busy' | undefined
  >
  /** Nobody wants that profile any more. */
  readonly endProfile: Topic<undefined, void>
  /** Tells load balancers to send no more, and goes on with what comes. */
  readonly retire: Topic<undefined, void>
  /** Finishes what is in flight, and ends. */
  readonly stop: Topic<undefined, void>
}
