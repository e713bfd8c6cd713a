import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from './config-error.ts'
import { loadConfig } from './load.ts'

function load(storage: object, redis?: object): readonly string[] {
  const cache = { cache: storage, inmemory: {} }
  const defaults = { version: '0.1', storage: cache, ...(redis !== undefined && { redis }) }
  try {
    return loadConfig({ env: {}, places: [], defaults }).warnings
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, text }) => `${path.join('.')}: ${text}`)
    throw error
  }
}

const redisCache = { blobdescriptor: 'redis' }

describe('Redis in the configuration', () => {
  it('is needed where it is the cache', () => {
    const text = 'found "redis"; allowed: redis only with redis.addrs, the servers'
    assert.deepEqual(load(redisCache), [`storage.cache.blobdescriptor: ${text}`])
    assert.deepEqual(load({ layerinfo: 'redis' }, { addrs: [], addr: '' }), [
      `storage.cache.layerinfo: ${text}`,
    ])
    assert.deepEqual(load(redisCache, { addr: 'a:1' }), [])
    assert.deepEqual(load({ layerinfo: 'redis' }, { addrs: ['a:1'] }), [])
    assert.deepEqual(load({ blobdescriptor: 'inmemory', layerinfo: 'redis' }), [])
  })

  it('is warned of where it has no effect', () => {
    assert.deepEqual(load({}, { addrs: ['a:1'] }), [
      'redis: no effect without storage.cache.blobdescriptor: redis',
    ])
    assert.deepEqual(load({}, { addr: '' }), [])
    assert.deepEqual(load(redisCache, { addrs: ['a:1', 'b:1'], db: 1 }), [
      'redis.db: no effect: a cluster has one database',
    ])
    assert.deepEqual(load(redisCache, { addrs: ['a:1', 'b:1'], db: 0 }), [])
    assert.deepEqual(load(redisCache, { addrs: ['a:1', 'b:1'], db: 1, mastername: 'm' }), [])
    assert.deepEqual(load(redisCache, { addrs: ['a:1'], db: 1, tls: { key: '/k' } }), [
      'redis.tls.key: no effect: certificate and key belong together',
    ])
  })
})
