import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { AuditEvent } from '../../src/audit/audit-event.ts'
import { openAuditLog, type AuditLog, type AuditLogOptions } from '../../src/audit/audit-log.ts'

// An audit log with numbered events, and what it says of itself.

export interface Logged {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export interface Started {
  readonly audit: AuditLog
  readonly log: readonly Logged[]
  readonly lost: () => number
}

export async function startAuditLog(options: Omit<AuditLogOptions, 'log' | 'onLost'>): Promise<Started> {
  const lines: Logged[] = []
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields: { ...fields }, message })
    }
  let lost = 0
  const audit = await openAuditLog({
    ...options,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    onLost: (count) => (lost += count),
  })
  return { audit, log: lines, lost: () => lost }
}

export function login(number: number): AuditEvent {
  return { event: 'login', outcome: 'accepted', user: 'alice', client: '192.0.2.1', request: String(number) }
}

/** The lines' numbers; fails when one of them is no whole line. */
export function numbers(text: string): readonly number[] {
  if (text === '') return []
  assert.ok(text.endsWith('\n'))
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { event, request } = JSON.parse(line) as Readonly<Record<string, unknown>>
      assert.equal(event, 'login')
      return Number(request)
    })
}

export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index)
}

export async function until(isDone: () => boolean, milliseconds: number): Promise<void> {
  // Many times what it takes: the machine may be busy.
  const deadline = performance.now() + milliseconds * 10
  while (!isDone()) {
    assert.ok(performance.now() < deadline, 'too late')
    await delay(5)
  }
}
