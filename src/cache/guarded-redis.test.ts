import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GuardedRedis } from './guarded-redis.ts'
import type { RedisCommand } from './redis-clients.ts'

/** A Redis that refuses some commands with an error. */
function refusing(...commands: readonly string[]) {
  const said: string[] = []
  const asked: string[] = []
  const say = (_fields: object, text?: string): void => void said.push(text ?? '')
  const log = { debug() {}, info: say, warn: say, error: say }
  const refused = new Set(commands)
  const send = async (_key: string | undefined, [name]: RedisCommand): Promise<unknown> => {
    asked.push(name)
    if (refused.has(name)) throw new Error('NOPERM this user has no permissions')
    return Buffer.from('x')
  }
  const redis = new GuardedRedis({ isReady: true, renew() {}, send }, 1_000, log)
  return { redis, said, asked, refused }
}

const read = (redis: GuardedRedis): Promise<unknown> => redis.read('k', ['GETRANGE', 'k', '0', '1'])

describe('a user of Redis who may not do all', () => {
  it('and not tell: the rest goes on, and one line says it', async () => {
    const { redis, said, refused } = refusing('PUBLISH')
    assert.equal(await redis.publish('c', 'm'), false)
    assert.equal(await redis.publish('c', 'm'), false)
    assert.ok(redis.isUp)
    assert.deepEqual(await read(redis), Buffer.from('x'))
    assert.deepEqual(said, ['deletions are not told to other replicas at once'])
    refused.clear()
    assert.equal(await redis.publish('c', 'm'), true)
    assert.equal(said[1], 'deletions are told to other replicas at once again')
  })

  it('and not write: reads go on, and what can be deleted does not speak for writes', async () => {
    const { redis, said, asked } = refusing('SET')
    await redis.write('k', ['SET', 'k', 'v'])
    assert.equal(await redis.insist('k', ['DEL', 'k']), true)
    await redis.write('k', ['SET', 'k', 'v'])
    assert.deepEqual(asked, ['SET', 'DEL'])
    assert.ok(redis.isUp)
    assert.deepEqual(await read(redis), Buffer.from('x'))
    assert.deepEqual(said, ['redis takes no writes, going on without them'])
  })

  it('and not read: nothing is asked for a while', async () => {
    const { redis, said, asked } = refusing('GETRANGE')
    assert.equal(await read(redis), undefined)
    assert.equal(await read(redis), undefined)
    assert.deepEqual(asked, ['GETRANGE'])
    assert.ok(!redis.isUp)
    assert.deepEqual(said, ['redis cannot be used, going on without it'])
  })
})
