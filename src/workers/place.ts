import type { Child } from './child.ts'
import { Lives } from './lives.ts'

/** A worker's place: its number, and the processes that have it one after the other. */
export class Place {
  readonly number: number
  readonly lives: Lives = new Lives()
  /** The one that runs now. */
  child: Child | undefined
  /** It has its configuration: a reload concerns it. */
  hasBegun = false
  isReady = false
  /** One that had the place was ready. */
  hasServed = false
  /** What it said why it cannot start. */
  reason: string | undefined
  /** Milliseconds of the clock. */
  startedAt = 0
  /** Until the next one is started. */
  timer: NodeJS.Timeout | undefined

  constructor(number: number) {
    this.number = number
  }

  /** A process takes the place; undefined: one was to, and there is none. */
  fill(child: Child | undefined, now: number): void {
    this.child = child
    this.hasBegun = false
    this.isReady = false
    this.reason = undefined
    this.startedAt = now
  }

  /**
   * The process that had it has ended.
   *
   * @returns milliseconds to wait before the next one
   */
  empty(now: number): number {
    this.child = undefined
    this.hasBegun = false
    this.isReady = false
    return this.lives.ended(now - this.startedAt)
  }

  isHopeless(now: number): boolean {
    return this.lives.isHopeless(this.child === undefined ? undefined : now - this.startedAt)
  }
}
