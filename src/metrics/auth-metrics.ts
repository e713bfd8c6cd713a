import { Counter, type Registry } from 'prom-client'
import { refusalKinds, type RefusalKind } from '../registry/refusal.ts'

const loginOutcomes = ['accepted', 'refused', 'throttled'] as const

export type LoginOutcome = (typeof loginOutcomes)[number]

export interface AuthMetrics {
  /** Somebody tried to log in with a user and password. */
  login(outcome: LoginOutcome): void
  /** A request was refused. */
  refused(kind: RefusalKind): void
  /** Lines of the audit log were lost. */
  auditLost(lines: number): void
}

/** The metrics of who asked, and was let in or not. All series are there from the start: an increase shows from the first on. */
export function createAuthMetrics(registry: Registry): AuthMetrics {
  const registers = [registry]
  const logins = new Counter({
    name: 'berth_auth_logins_total',
    help: 'Logins with user and password that were tried.',
    labelNames: ['outcome'],
    registers,
  })
  const refusals = new Counter({
    name: 'berth_auth_refusals_total',
    help: 'Requests that were refused for who sent them.',
    labelNames: ['kind'],
    registers,
  })
  const lost = new Counter({
    name: 'berth_audit_lines_lost_total',
    help: 'Lines that the audit log should have, and has not.',
    registers,
  })
  for (const outcome of loginOutcomes) logins.inc({ outcome }, 0)
  for (const kind of refusalKinds) refusals.inc({ kind }, 0)
  return {
    login: (outcome) => logins.inc({ outcome }),
    refused: (kind) => refusals.inc({ kind }),
    auditLost: (lines) => lost.inc(lines),
  }
}
