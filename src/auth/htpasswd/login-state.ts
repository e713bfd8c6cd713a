import { CompareQueue } from './compare-queue.ts'
import { Remembered } from './remembered.ts'
import { Throttle } from './throttle.ts'

/** What is known of logins. It outlives a reload of the configuration: handed to the next `openHtpasswd`. */
export interface LoginState {
  readonly throttle: Throttle
  readonly remembered: Remembered
  readonly queue: CompareQueue
  /** Those that are slow wait here first, for one at a time: with one that runs there is still place for another that is not. */
  readonly slowQueue: CompareQueue
}

/** @param now milliseconds of a clock that does not jump */
export function createLoginState(now: () => number = () => performance.now()): LoginState {
  return {
    throttle: new Throttle(now),
    remembered: new Remembered(now),
    queue: new CompareQueue({ now }),
    slowQueue: new CompareQueue({ now, atOnce: 1 }),
  }
}
