import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { digestOf, type Digest } from '../registry/digest.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { Presence } from './presence.ts'
import type { SharedPresence } from './shared-cache.ts'

const repository = parseRepositoryName('a')
const digest = digestOf(Buffer.from('x'))

/** Others who saw it so many milliseconds ago. */
function sharedAt(age: number, before: Promise<void> = Promise.resolve()) {
  const asked: Digest[] = []
  const kept: number[] = []
  const shared: SharedPresence<Digest> = {
    async find(_repository, what) {
      asked.push(what)
      await before
      return { present: what, age }
    },
    keep: (_repository, _what, _present, since) => void kept.push(since),
  }
  return { shared, asked, kept }
}

describe('what a process remembers of repositories', () => {
  it('comes from others when it knows nothing itself, and is remembered then', async () => {
    const { shared, asked } = sharedAt(0)
    const presence = new Presence(shared)
    assert.equal(await presence.get(repository, digest), digest)
    assert.equal(presence.get(repository, digest), digest)
    assert.equal(asked.length, 1)
  })

  it('gets no second life: the time since others looked counts', async () => {
    const { shared, asked } = sharedAt(4_800)
    const presence = new Presence(shared)
    assert.equal(await presence.get(repository, digest), digest)
    await delay(300)
    await presence.get(repository, digest)
    assert.equal(asked.length, 2)
  })

  it('is not asked of others once it was deleted, also while they answer', async () => {
    const { shared, asked } = sharedAt(0, delay(20))
    const presence = new Presence(shared)
    const answer = presence.get(repository, digest)
    presence.forget(repository, digest)
    assert.equal(await answer, undefined)
    assert.equal(await presence.get(repository, digest), undefined)
    assert.equal(asked.length, 1)
  })

  it('is told to others with the time when the look began, and not when something was deleted meanwhile', async () => {
    const { shared, kept } = sharedAt(0)
    const presence = new Presence(shared)
    const look = presence.deletions
    await delay(5)
    presence.set(repository, digest, digest, look)
    assert.deepEqual(kept, [look.since])
    const before = presence.deletions
    presence.forget(repository, digest)
    presence.set(repository, digest, digest, before)
    assert.equal(kept.length, 1)
    assert.equal(await presence.get(repository, digest), undefined)
  })

  it('is not remembered longer because the look took long', async () => {
    const { shared, kept } = sharedAt(0)
    const presence = new Presence<Digest>()
    const lookFrom = (age: number) => ({ ...presence.deletions, begun: performance.now() - age })
    presence.set(repository, digest, digest, lookFrom(4_800))
    assert.equal(presence.get(repository, digest), digest)
    await delay(300)
    assert.equal(presence.get(repository, digest), undefined)
    presence.set(repository, digest, digest, lookFrom(5_000))
    assert.equal(presence.get(repository, digest), undefined)
    new Presence(shared).set(repository, digest, digest, lookFrom(5_000))
    assert.deepEqual(kept, [])
  })

  it('is bounded', () => {
    const presence = new Presence<Digest>()
    for (let index = 0; index < 60_000; index++)
      presence.set(parseRepositoryName(`a/${index}`), digest, digest, presence.deletions)
    const found = (index: number): unknown => presence.get(parseRepositoryName(`a/${index}`), digest)
    assert.equal(found(9_999), undefined)
    assert.equal(found(10_000), digest)
  })
})
