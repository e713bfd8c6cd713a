import { defaultDrain } from '../app/running-app.ts'
import type { Config } from '../config/config.ts'

/** Milliseconds that a worker has beyond the time for what is in flight: for the store, the log and traces. */
const lastWords = 5_000

/** Milliseconds after which a worker that is to end, and did not, is ended. */
export function longestEnd({ http }: Config): number {
  return (http.draintimeout ?? defaultDrain) + lastWords
}
