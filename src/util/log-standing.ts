import { randomUUID } from 'node:crypto'
import type { LogFields } from './log-entry.ts'

/** What every line says of the process that writes it. Distribution's names, but for its `go.version`. */
export function standingFields(version: string): LogFields {
  return { 'instance.id': randomUUID(), 'node.version': process.version, version }
}
