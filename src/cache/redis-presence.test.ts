import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf, type Digest } from '../registry/digest.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { GuardedRedis } from './guarded-redis.ts'
import { PresenceValues } from './presence-value.ts'
import { RedisPresence } from './redis-presence.ts'

const repository = parseRepositoryName('a')
const digest = digestOf(Buffer.from('x'))
const values = new PresenceValues('a secret', 'a store')
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** The age that is given of what was seen so many milliseconds ago by this clock. */
async function ageOf(seen: number): Promise<number | undefined> {
  const now = 1_700_000_000_000
  const value = values.write({ kind: 'manifest', repository, digest }, { since: now - seen, size: undefined })
  const sender = { isReady: true, renew() {}, send: async () => Buffer.from(value) }
  const presence = new RedisPresence<Digest>({
    redis: new GuardedRedis(sender, 1_000, log),
    kind: 'manifest',
    values: () => values,
    toSize: () => undefined,
    fromSize: (what) => what,
    now: () => now,
  })
  return (await presence.find(repository, digest))?.age
}

describe('what another machine saw', () => {
  it('is as old as it can be, where its clock may be half a second ahead', async () => {
    assert.equal(await ageOf(1_000), 1_500)
    assert.equal(await ageOf(4_499), 4_999)
    assert.equal(await ageOf(0), 500)
    assert.equal(await ageOf(-500), 0)
  })

  it('does not count when it is too old, or from a future', async () => {
    assert.equal(await ageOf(4_500), undefined)
    assert.equal(await ageOf(-501), undefined)
  })
})
