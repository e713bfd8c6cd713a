import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Seen, SharedPresence } from '../stored/shared-cache.ts'
import type { GuardedRedis } from './guarded-redis.ts'
import { presenceKey } from './keys.ts'
import { longestValue, type PresenceValues, type Sighting, type Subject } from './presence-value.ts'

/**
 * Milliseconds for which what was seen counts. With the difference of clocks that is suffered it is as long as a process without Redis
 * may overlook a deletion (`stored/presence.ts`).
 */
const lifetime = 4_500

/** Milliseconds by which the clock of another machine may be ahead or behind. */
const skew = 500

/** No value can be younger than what it stands for, so all that speak against a deletion are out of date when this ends. */
export const tombstoneLife: number = lifetime + skew

/** What stands where something was deleted. No process takes it for a sighting, or writes over it. */
export const tombstone = 'deleted'

export interface RedisPresenceOptions<Present> {
  readonly redis: GuardedRedis
  readonly kind: Subject['kind']
  /** Absent while nobody knows what the store is called: nothing is asked then, nor told. */
  readonly values: () => PresenceValues | undefined
  readonly toSize: (present: Present) => number | undefined
  readonly fromSize: (digest: Digest, size: number | undefined) => Present | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** What other processes saw in repositories a moment ago. */
export class RedisPresence<Present> implements SharedPresence<Present> {
  readonly #options: RedisPresenceOptions<Present>
  readonly #now: () => number

  constructor(options: RedisPresenceOptions<Present>) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  async find(repository: RepositoryName, digest: Digest): Promise<Seen<Present> | undefined> {
    const { redis, kind, fromSize } = this.#options
    const values = this.#options.values()
    if (values === undefined) return undefined
    const key = presenceKey(kind, repository, digest)
    // A stretch, since nobody knows what else somebody has put there.
    const answer = await redis.read(key, ['GETRANGE', key, '0', String(longestValue)])
    if (!Buffer.isBuffer(answer)) return undefined
    const sighting = values.read({ kind, repository, digest }, answer.toString('latin1'))
    const age = sighting && this.#ageOf(sighting)
    const present = sighting && fromSize(digest, sighting.size)
    // The clock of whoever saw it may be ahead of this one: the look is that much older than it seems then.
    return age === undefined || present === undefined ? undefined : { present, age: age + skew }
  }

  keep(repository: RepositoryName, digest: Digest, present: Present, since: number): void {
    const { redis, kind, toSize } = this.#options
    const values = this.#options.values()
    const sighting = { since, size: toSize(present) }
    const age = this.#ageOf(sighting)
    if (values === undefined || age === undefined) return
    const key = presenceKey(kind, repository, digest)
    const value = values.write({ kind, repository, digest }, sighting)
    // Neither over a newer sighting nor, above all, over a tombstone.
    void redis.write(key, ['SET', key, value, 'PX', String(Math.min(lifetime - age, lifetime)), 'NX'])
  }

  /** @returns below 0 where clocks differ; undefined when it is too old to count, or from a future that no two clocks should be apart */
  #ageOf({ since }: Sighting): number | undefined {
    const age = this.#now() - since
    return age >= lifetime || age < -skew ? undefined : age
  }
}
