import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { bounded } from '../../util/bounded.ts'

/** Failed logins of one user from one address that cost no waiting. */
const freeFailures = 5

/** Milliseconds to wait after them; doubled by each further failure. */
const firstWait = 1_000
const longestWait = 60_000

/** Milliseconds after which failures are forgotten. */
const memory = 10 * 60_000

/** Failed logins from one address within the window, of all users together. */
const addressFailures = 60
const addressWindow = 60_000

/** Milliseconds for which a user counts as known where he logged in. */
const knownFor = 24 * 60 * 60_000

/** Remembered at most, of each kind. */
const mostEntries = 20_000

/** Failed logins, of a user from an address. */
interface Failures {
  readonly count: number
  /** Milliseconds of the clock: when the last one was, and until when there is to be no other attempt. */
  readonly last: number
  readonly barredUntil: number
}

/** Failed logins from an address since the window began. */
interface Window {
  readonly began: number
  readonly count: number
}

/** Why there is to be no attempt now. */
export interface Barred {
  /** A constant text. */
  readonly reason: string
  /** Seconds. */
  readonly retryAfter: number
}

/** How an attempt ended; `dropped`: nobody knows whether the password was right. */
export type AttemptEnd = 'succeeded' | 'failed' | 'dropped'

/**
 * Slows failed logins down, by user and address together, and by address. Never by user alone: then anybody could keep him out.
 * A user who logged in from an address before may go on from there however many others fail there.
 */
export class Throttle {
  readonly #now: () => number
  readonly #failures = new LRUCache<string, Failures>(bounded(mostEntries))
  readonly #windows = new LRUCache<string, Window>(bounded(mostEntries))
  /** Until when, in milliseconds of the clock. */
  readonly #known = new LRUCache<string, number>(bounded(mostEntries))
  /** Attempts that are being verified: as failures may be among them, they count as such. As many as the queue has room for. */
  readonly #pending = new Map<string, number>()

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether this user may try from there now; undefined: he may. */
  barred(user: string, address: string): Barred | undefined {
    const now = this.#now()
    const pair = pairKey(user, address)
    const { count, barredUntil } = this.#failuresOf(pair, now)
    const pending = this.#pending.get(pair) ?? 0
    if (count + pending >= freeFailures && (pending > 0 || now < barredUntil)) {
      return { reason: 'too many failed logins of this user from this address', ...after(barredUntil - now) }
    }
    const window = this.#windowOf(address, now)
    const isFull = window.count + (this.#pending.get(address) ?? 0) >= addressFailures
    if (!isFull || this.isKnown(user, address)) return undefined
    const rest = window.count >= addressFailures ? window.began + addressWindow - now : 0
    return { reason: 'too many failed logins from this address', ...after(rest) }
  }

  /** Counts an attempt until the function that this gives is called, once, with how it ended. */
  begin(user: string, address: string): (end: AttemptEnd) => void {
    const pair = pairKey(user, address)
    this.#pend(pair, 1)
    this.#pend(address, 1)
    return (end) => {
      this.#pend(pair, -1)
      this.#pend(address, -1)
      if (end === 'failed') this.#failed(pair, address)
      if (end !== 'succeeded') return
      this.#failures.delete(pair)
      this.know(user, address)
    }
  }

  /** Whether this user logged in from there before. */
  isKnown(user: string, address: string): boolean {
    return (this.#known.get(pairKey(user, address)) ?? 0) > this.#now()
  }

  /** This user logged in from there without an attempt that could have failed. His failures are not forgotten. */
  know(user: string, address: string): void {
    this.#known.set(pairKey(user, address), this.#now() + knownFor)
  }

  #failed(pair: string, address: string): void {
    const now = this.#now()
    const count = this.#failuresOf(pair, now).count + 1
    const beyond = count - freeFailures
    const wait = beyond < 0 ? 0 : Math.min(firstWait * 2 ** beyond, longestWait)
    this.#failures.set(pair, { count, last: now, barredUntil: now + wait })
    const window = this.#windowOf(address, now)
    this.#windows.set(address, { began: window.began, count: window.count + 1 })
  }

  #failuresOf(pair: string, now: number): Failures {
    const failures = this.#failures.get(pair)
    const isCurrent = failures !== undefined && now - failures.last < memory
    return isCurrent ? failures : { count: 0, last: now, barredUntil: now }
  }

  #windowOf(address: string, now: number): Window {
    const window = this.#windows.get(address)
    return window !== undefined && now - window.began < addressWindow ? window : { began: now, count: 0 }
  }

  #pend(key: string, change: 1 | -1): void {
    const count = (this.#pending.get(key) ?? 0) + change
    if (count > 0) this.#pending.set(key, count)
    else this.#pending.delete(key)
  }
}

/** Of one length, whatever somebody calls himself, and never that of an address. */
function pairKey(user: string, address: string): string {
  return createHash('sha256').update(`${address}\n${user}`).digest('base64url')
}

function after(milliseconds: number): { readonly retryAfter: number } {
  return { retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)) }
}
