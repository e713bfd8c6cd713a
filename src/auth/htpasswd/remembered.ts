import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { bounded } from '../../util/bounded.ts'

/** A user who proved who he is. */
export interface Login {
  readonly name: string
  /** Changes with the user's entry in the password file. */
  readonly stamp: string
}

/** Milliseconds for which verified credentials cost no other compare. */
const rememberedFor = 5 * 60_000

/** Milliseconds for which they may be tried again from where they were right, however many others fail there. */
const provenFor = 12 * 60 * 60_000

/** Milliseconds for which the same wrong ones, from the same address, are not tried again. */
const refusedFor = 10 * 60_000

/** Remembered at most, of each kind. */
const mostEntries = 10_000

/**
 * Credentials that were right, or wrong, not long ago, by a keyed hash. The key is this process's and random, so that neither what is kept nor the
 * time of a look-up tells anything of a password; and the stored hash is part of what is hashed, so that a changed entry
 * is another one.
 */
export class Remembered {
  readonly #now: () => number
  readonly #key: KeyObject = createSecretKey(randomBytes(32))
  readonly #logins = new LRUCache<string, { readonly login: Login; readonly until: number }>(
    bounded(mostEntries),
  )
  /** Until when, by digest and address. */
  readonly #proven = new LRUCache<string, number>(bounded(mostEntries))
  readonly #refused = new LRUCache<string, number>(bounded(mostEntries))

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number) {
    this.#now = now
  }

  /** What credentials are remembered by. */
  digest(user: string, hash: string, password: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([user, hash, password]))
      .digest('base64url')
  }

  /** Undefined for what was not verified, or too long ago. */
  get(digest: string): Login | undefined {
    const entry = this.#logins.get(digest)
    if (entry === undefined || entry.until > this.#now()) return entry?.login
    this.#logins.delete(digest)
    return undefined
  }

  /** These credentials have been verified just now. */
  add(digest: string, login: Login): void {
    this.#logins.set(digest, { login, until: this.#now() + rememberedFor })
  }

  /** Whether the same credentials, against the same entry, were right from that address. */
  isProven(digest: string, address: string): boolean {
    return (this.#proven.get(`${digest} ${address}`) ?? 0) > this.#now()
  }

  prove(digest: string, address: string): void {
    this.#proven.set(`${digest} ${address}`, this.#now() + provenFor)
  }

  /**
   * Whether the same credentials, against the same entry, were wrong from that address a short while ago. Whoever repeats himself guesses
   * nothing: a client with a stale password, which sends it with every request, is not to be slowed like somebody who guesses.
   */
  isRefused(digest: string, address: string): boolean {
    return (this.#refused.get(`${digest} ${address}`) ?? 0) > this.#now()
  }

  refuse(digest: string, address: string): void {
    this.#refused.set(`${digest} ${address}`, this.#now() + refusedFor)
  }
}
