import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRedisAddress } from '../redis.ts'
import { redis } from './redis.ts'

function messagesOf(given: object): readonly string[] {
  const { error } = redis.safeParse(given)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

const usual = {
  db: 0,
  protocol: 2,
  dialtimeout: 5_000,
  readtimeout: 3_000,
  writetimeout: 3_000,
  minretrybackoff: 100,
  maxretrybackoff: 5_000,
  maxredirects: 3,
  disableidentity: false,
  tls: { rootcas: [] },
}

describe('the configuration of Redis', () => {
  it('is none without a server', () => {
    assert.deepEqual(redis.parse(undefined), { ...usual, addrs: [] })
    assert.deepEqual(redis.parse({ addr: '', addrs: [], db: 1 }), { ...usual, addrs: [], db: 1 })
  })

  it('is that of version 2', () => {
    const given = {
      addr: 'redis.example.com:6380',
      password: 'p',
      db: 2,
      dialtimeout: '10ms',
      readtimeout: '20ms',
      writetimeout: '30ms',
      pool: { maxidle: 16, maxactive: 64, idletimeout: '300s' },
    }
    assert.deepEqual(redis.parse(given), {
      ...usual,
      addrs: ['redis.example.com:6380'],
      password: 'p',
      db: 2,
      dialtimeout: 10,
      readtimeout: 20,
      writetimeout: 30,
    })
  })

  it('is that of version 3', () => {
    const given = {
      addr: 'ignored:1',
      addrs: ['a:1', '[::1]:2', 'c'],
      mastername: 'm',
      clientname: 'n',
      protocol: 3,
      username: 'u',
      password: '',
      sentinelusername: 'su',
      sentinelpassword: 'sp',
      contexttimeoutenabled: true,
      maxretries: -1,
      minretrybackoff: '1s',
      maxretrybackoff: '10ms',
      readtimeout: -1,
      poolfifo: true,
      poolsize: 1,
      pooltimeout: '1s',
      minidleconns: 1,
      maxidleconns: 1,
      maxactiveconns: 1,
      connmaxidletime: '1s',
      connmaxlifetime: '1s',
      maxredirects: -1,
      readonly: true,
      routebylatency: true,
      routerandomly: true,
      disableidentity: true,
      identitysuffix: 's',
      unstableresp3: true,
      tls: { certificate: '/c', key: '/k', rootcas: ['/r'], clientcas: ['/o', ''] },
    }
    assert.deepEqual(redis.parse(given), {
      ...usual,
      addrs: ['a:1', '[::1]:2', 'c'],
      mastername: 'm',
      clientname: 'n',
      protocol: 3,
      username: 'u',
      sentinelusername: 'su',
      sentinelpassword: 'sp',
      minretrybackoff: 1_000,
      maxretrybackoff: 1_000,
      maxredirects: 0,
      disableidentity: true,
      identitysuffix: 's',
      tls: { certificate: '/c', key: '/k', rootcas: ['/r', '/o'] },
    })
  })

  it('reads where a server is', () => {
    assert.deepEqual(parseRedisAddress('a:1'), { host: 'a', port: 1 })
    assert.deepEqual(parseRedisAddress('[::1]:2'), { host: '::1', port: 2 })
    assert.deepEqual(parseRedisAddress('c'), { host: 'c', port: 6379 })
    assert.deepEqual(parseRedisAddress(':6380'), { host: 'localhost', port: 6380 })
    assert.equal(parseRedisAddress(''), undefined)
    assert.equal(parseRedisAddress(':'), undefined)
    assert.deepEqual(parseRedisAddress('/run/redis.sock'), { path: '/run/redis.sock' })
  })

  it('takes a unix socket alone', () => {
    assert.deepEqual(redis.parse({ addrs: ['/run/redis.sock'] }).addrs, ['/run/redis.sock'])
    const message = 'host:port: a unix socket can be the only server alone'
    assert.deepEqual(messagesOf({ addrs: ['a:1', '/s'] }), [`addrs.1: ${message}`])
    assert.deepEqual(messagesOf({ addrs: ['/s'], mastername: 'm' }), [`addrs.0: ${message}`])
  })

  it('says what is not allowed', () => {
    const server = 'host:port, such as redis.example.com:6379, or the path of a unix socket'
    for (const address of ['', ':', 'a:0', 'a:65536', 'a:b', 'redis://a:1', 'u@a:1', '::1'])
      assert.deepEqual(messagesOf({ addrs: [address] }), [`addrs.0: ${server}`], address)
    assert.deepEqual(messagesOf({ addr: ':' }), [`addr: ${server}`])
    assert.deepEqual(messagesOf({ addrs: ['a:1'], db: -1 }), ['db: a whole number, 0 or more'])
    assert.deepEqual(messagesOf({ addrs: ['a:1'], tls: { rootcas: '/r' } }), ['tls.rootcas: a list'])
  })
})
