import type { Log } from '../../registry/context.ts'

/** What a driver is told besides its configuration. */
export interface DriverSurroundings {
  readonly log: Log
  /** How the program names itself to a store, unless the configuration says otherwise. */
  readonly userAgent: string
  /** Of the environment: providers have some of their own. */
  readonly variables: Readonly<Record<string, string | undefined>>
}
