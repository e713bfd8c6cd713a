import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Digest } from '../../src/registry/digest.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { requireProgram } from '../support/require-program.ts'
import { Replica } from './replica.ts'
import { optionsFor } from './shared.ts'

/** Milliseconds: what a process may overlook without Redis, and a slow machine. */
const staleness = 5_000 + 500

const duration = process.env['BERTH_FULL'] === undefined ? 7_000 : 60_000

/** Each call asks Redis a few times at most, and a deletion tells it twice. */
const longestCall = 1_500

interface Thing {
  readonly content: Buffer
  readonly digest: Digest
  /** Absent while it is there. */
  deleted?: { readonly by: Replica; readonly at: number }
}

/** All that happens to a Redis, one after the other, until told to end. */
async function torment(
  server: RedisServer,
  pick: (count: number) => number,
  isOver: () => boolean,
): Promise<number> {
  const saved: (readonly [key: string, value: string])[] = []
  const poison = async (): Promise<void> => {
    const keys = (await server.cli('KEYS', 'berth:1:*')).split('\n').filter((key) => key.includes('@'))
    for (const key of keys.slice(0, 5)) {
      const value = await server.cli('GET', key)
      saved.push([key, value])
      const [, other = 'x'] = saved[pick(saved.length)] ?? []
      const poisons = [
        ['SET', key, other],
        ['SET', key, 'x'.repeat(100_000)],
        ['SET', key, value.slice(0, -1)],
        ['DEL', key],
      ]
      await server.cli(...(poisons[pick(poisons.length)] ?? []))
    }
    // What was true once.
    const [key, value] = saved[pick(saved.length)] ?? []
    if (key !== undefined && value !== undefined) await server.cli('SET', key, value)
    const contents = (await server.cli('KEYS', 'berth:1:content:*')).split('\n').filter(Boolean)
    for (const content of contents.slice(0, 5)) await server.cli('SET', content, 'other bytes')
  }
  const faults: readonly (() => Promise<unknown>)[] = [
    poison,
    poison,
    () => server.cli('FLUSHALL'),
    () => server.restart(),
    async () => {
      server.freeze()
      await delay(300)
      server.thaw()
    },
    () => server.cli('CLIENT', 'PAUSE', '200'),
    () => server.cli('CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction'),
    () => server.cli('CONFIG', 'SET', 'maxmemory', '1100000', 'maxmemory-policy', 'allkeys-lru'),
    () => server.cli('CONFIG', 'SET', 'maxmemory', '0'),
    () => server.cli('REPLICAOF', '127.0.0.1', '1'),
    () => server.cli('REPLICAOF', 'NO', 'ONE'),
    () => server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    () => server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  ]
  let count = 0
  while (!isOver()) {
    // Some cannot be done in the state that another one left.
    await faults[pick(faults.length)]?.().catch(() => {})
    count++
    await delay(pick(100))
  }
  return count
}

it('whatever happens to Redis, each answer is one that a registry without it could give', async (t) => {
  if (!requireProgram(t, 'redis-server')) return
  const server = await startRedis(t)
  const driver = new MemoryDriver()
  const replicas = [
    await Replica.start(t, driver, optionsFor(server)),
    await Replica.start(t, driver, optionsFor(server)),
    await Replica.start(t, driver, optionsFor(server)),
  ]
  let state = Number(process.env['BERTH_SEED'] ?? Date.now() % 1_000_000)
  t.diagnostic(`BERTH_SEED=${state}`)
  const pick = (count: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * count)
  }
  const things: Thing[] = []
  const ends = performance.now() + duration
  const isOver = (): boolean => performance.now() > ends
  const faults = torment(server, pick, isOver)
  const counts = { calls: 0, stale: 0 }

  const step = async (): Promise<void> => {
    const replica = replicas[pick(replicas.length)]
    if (replica === undefined) return
    const thing = things[pick(things.length)]
    const kind = pick(10)
    if (thing === undefined || kind === 0) {
      const content = Buffer.from(`content ${things.length} ${'x'.repeat(pick(3) * 50_000)}`)
      things.push({ content, digest: await replica.pushBlob(content) })
    } else if (kind === 1 && thing.deleted === undefined) {
      await replica.deleteBlob(thing.digest)
      thing.deleted = { by: replica, at: performance.now() }
    } else {
      const { deleted } = thing
      const age = deleted === undefined ? 0 : performance.now() - deleted.at
      const answer = await replica.blob(thing.digest)
      if (answer !== 'unknown') assert.ok(answer.equals(thing.content), 'other bytes')
      if (deleted === undefined) assert.notEqual(answer, 'unknown', 'it is there')
      else if (answer !== 'unknown') {
        counts.stale++
        assert.notEqual(replica, deleted.by, 'the process that deleted it knows')
        assert.ok(age < staleness, `${age} ms after it was deleted`)
      }
    }
  }
  while (!isOver()) {
    const started = performance.now()
    await step()
    counts.calls++
    const time = performance.now() - started
    assert.ok(time < longestCall, `${time} ms`)
    if (counts.calls % 20 === 0) await delay(1)
  }
  const faultCount = await faults
  server.thaw()
  t.diagnostic(`${counts.calls} calls, ${faultCount} faults, ${counts.stale} late`)
  assert.ok(counts.calls > 500 && faultCount > 20 && things.length > 20)
})
