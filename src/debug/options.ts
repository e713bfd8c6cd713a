import type { Log } from '../registry/context.ts'
import type { ProfileSource } from './profiles.ts'
import type { ReloadOutcome } from './reload.ts'

export interface Rendered {
  readonly contentType: string
  readonly text: string
}

export interface DebugServerOptions {
  /** Of `http.debug.addr`; without a host: every address of the machine. */
  readonly address: { readonly host?: string; readonly port: number }
  readonly log: Log
  /** The checks that fail, each with the reason. */
  readonly failures: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** Absent: no metrics. */
  readonly prometheus?: { readonly path: string; readonly render: () => Promise<Rendered> }
  /** The processes that serve, when this one does not: their profiles are what an operator wants. By number, from 1 on. */
  readonly workers?: ReadonlyMap<number, ProfileSource>
  /** Absent: its path is not found. */
  readonly reload?: () => Promise<ReloadOutcome>
  /** More for `/debug/vars`, by key; what is in `registry` goes beside what is there. Never a secret. */
  readonly vars?: () => Readonly<Record<string, unknown>>
}
