import type { Taker } from './door.ts'
import type { Channel } from './channel.ts'
import type { PrimaryTopics, WorkerTopics } from './topics.ts'

/** How a process ended. */
export interface ChildEnd {
  readonly code?: number
  readonly signal?: string
  /** It never was. */
  readonly error?: Error
}

/** The process of a worker, as the primary has it. */
export interface Child extends Taker {
  readonly pid: number | undefined
  readonly channel: Channel<PrimaryTopics, WorkerTopics>
  /** Called once. */
  onEnd(listener: (end: ChildEnd) => void): void
  kill(signal: NodeJS.Signals): void
}

/** Such as `signal SIGKILL`, for the log. */
export function describeEnd({ code, signal, error }: ChildEnd): string {
  if (error !== undefined) return error.message
  return signal === undefined ? `code ${code ?? 'unknown'}` : `signal ${signal}`
}
