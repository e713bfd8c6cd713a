import type { GcsProblem } from './errors.ts'

/** One request to the store that has ended. */
export interface GcsRequest {
  readonly operation: string
  readonly key: string
  /** 1, and more when it was tried again. */
  readonly attempt: number
  readonly milliseconds: number
  /** Absent when it succeeded. */
  readonly problem?: GcsProblem
}

export type ObserveRequest = (request: GcsRequest) => void
