import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisOptions } from '../../src/cache/redis-options.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, startRedisCluster } from '../support/redis-server.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'
import {
  bytes,
  digest,
  eventually,
  meet,
  openCache,
  optionsFor,
  repository,
  type OpenCache,
} from './shared.ts'

/** What one process leaves the other one finds, and what it deletes the other one is told of. */
async function work(one: OpenCache, other: OpenCache): Promise<void> {
  const present = { stored: digest, size: bytes.length }
  one.cache.keepContent(digest, bytes)
  one.cache.blobs.keep(repository, digest, present, Date.now())
  one.cache.manifests.keep(repository, digest, digest, Date.now())
  await eventually('the content is there', async () => (await other.cache.content(digest)) !== undefined)
  assert.deepEqual(Buffer.from((await other.cache.content(digest)) ?? []), bytes)
  await eventually(
    'the blob is seen',
    async () => (await other.cache.blobs.find(repository, digest)) !== undefined,
  )
  assert.deepEqual((await other.cache.blobs.find(repository, digest))?.present, present)
  assert.equal((await other.cache.manifests.find(repository, digest))?.present, digest)

  await one.cache.deletions.tell(repository, digest)
  assert.ok(other.told.includes(`${repository}@${digest}`), 'told before the call returned')
  assert.equal(await other.cache.blobs.find(repository, digest), undefined)
  assert.equal(await other.cache.manifests.find(repository, digest), undefined)
  // What was seen before comes too late.
  one.cache.blobs.keep(repository, digest, present, Date.now() - 1)
  await delay(50)
  assert.equal(await other.cache.blobs.find(repository, digest), undefined)
}

async function checkWorks(t: TestContext, options: RedisOptions): Promise<readonly [OpenCache, OpenCache]> {
  const pair = [await openCache(t, options), await openCache(t, options)] as const
  await meet(...pair)
  await work(...pair)
  for (const { entries } of pair) assert.deepEqual(entries, [])
  return pair
}

/** The one line that the log has after a while in which Redis was tried several times. */
async function complaint(t: TestContext, options: RedisOptions): Promise<string> {
  const { cache, entries } = await openCache(t, options)
  await eventually('something is said', () => entries.length > 0)
  await delay(300)
  assert.equal(await cache.content(digest), undefined)
  assert.equal(cache.isUp, false)
  assert.equal(entries.length, 1, JSON.stringify(entries))
  assert.equal(entries[0]?.level, 'warn')
  assert.equal(entries[0]?.message, 'redis cannot be used, going on without it')
  return String(entries[0]?.fields['reason'])
}

/** What a user may do who may do no more than is needed, as docs/configuration.md has it. */
const rights = 'resetchannels &berth:* ~berth:* -@all +set +del +getrange +publish +subscribe +ping'

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

describe('Redis is reached', { concurrency: 4 }, () => {
  it('at an address, with a database, a name and either protocol', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const server = await startRedis(t)
    await checkWorks(t, optionsFor(server))
    await server.cli('FLUSHALL')
    await checkWorks(
      t,
      optionsFor(server, { protocol: 3, database: 3, clientName: 'berth-a', identity: { suffix: 'x' } }),
    )
    const clients = await server.cli('CLIENT', 'LIST')
    assert.match(clients, /name=berth-a .*db=3 /)
    assert.match(await server.cli('INFO', 'keyspace'), /db3:/)
  })

  it('at a unix socket', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const server = await startRedis(t)
    const address = { path: join(server.folder, 'socket') }
    await checkWorks(t, optionsFor(server, { servers: { kind: 'single', address } }))
  })

  it('with a password alone, and with a user who may do no more than is needed', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const server = await startRedis(t, {
      config: [
        'requirepass everybody',
        `user berth on >its-own ${rights}`,
        `user more on >its-own ${rights} +select +client|setname`,
      ],
      login: ['--pass', 'everybody'],
    })
    await checkWorks(t, optionsFor(server, { password: 'everybody' }))
    await server.cli('FLUSHALL')
    await checkWorks(t, optionsFor(server, { username: 'berth', password: 'its-own' }))
    await server.cli('FLUSHALL')
    const more = { username: 'more', database: 1, clientName: 'registry' }
    await checkWorks(t, optionsFor(server, { ...more, password: 'its-own' }))
    assert.match(
      await complaint(t, optionsFor(server, { username: 'berth', password: 'wrong' })),
      /^WRONGPASS /,
    )
    assert.match(await complaint(t, optionsFor(server)), /^NOAUTH /)
  })

  it('by a user who may neither listen nor tell: all but deletions by others works, which one line each says', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const server = await startRedis(t, {
      config: ['user berth on >its-own resetchannels ~berth:* +@all'],
    })
    const { cache, entries } = await openCache(
      t,
      optionsFor(server, { username: 'berth', password: 'its-own' }),
    )
    await eventually('it says so', () => entries.length > 0)
    assert.equal(entries[0]?.message, 'deletions by other replicas are not heard at once')
    assert.match(String(entries[0]?.fields['reason']), /^NOPERM /)
    await cache.deletions.tell(repository, digest)
    cache.keepContent(digest, bytes)
    await eventually('contents work', async () => (await cache.content(digest)) !== undefined)
    assert.equal(entries[1]?.message, 'deletions are not told to other replicas at once')
    assert.match(String(entries[1]?.fields['reason']), /^NOPERM /)
    assert.equal(entries.length, 2)
  })

  it('by TLS, with an authority and a certificate of its own', async (t) => {
    if (!requireProgram(t, 'redis-server', 'openssl')) return
    const { path: folder } = temporaryFolder(t)
    const root = await makeCertificate(folder, { name: 'root', use: 'authority' })
    const issued = await makeCertificate(folder, { name: 'server', issuer: root })
    const client = await makeCertificate(folder, { name: 'client', use: 'client', issuer: root })
    const port = await freePort()
    await startRedis(t, {
      port: 0,
      config: [
        `tls-port ${port}`,
        `tls-cert-file ${issued.certificate}`,
        `tls-key-file ${issued.key}`,
        `tls-ca-cert-file ${root.certificate}`,
      ],
    })
    const tls = {
      authorities: [read(root.certificate)],
      certificate: read(client.certificate),
      key: read(client.key),
    }
    await checkWorks(t, optionsFor({ port }, { tls }))
    assert.match(
      await complaint(t, optionsFor({ port }, { tls: { ...tls, authorities: [] } })),
      /certificate/,
    )
    const { authorities } = tls
    await complaint(t, optionsFor({ port }, { tls: { authorities } }))
  })

  it('as a cluster, one of whose nodes dies', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const nodes = await startRedisCluster(t, 3)
    const addresses = nodes.slice(0, 2).map(({ port }) => ({ host: '127.0.0.1', port }))
    for (const node of nodes)
      await node.cli(
        'ACL',
        'SETUSER',
        'berth',
        'on',
        '>its-own',
        ...rights.split(' '),
        '+cluster|slots',
        '+asking',
      )
    const options = optionsFor(
      { port: 0 },
      { servers: { kind: 'cluster', nodes: addresses }, username: 'berth', password: 'its-own' },
    )
    const [one] = await checkWorks(t, options)
    await nodes[2]?.kill()
    const started = performance.now()
    await one.cache.content(digest)
    await one.cache.deletions.tell(repository, digest)
    assert.ok(performance.now() - started < 1_500)
    await nodes[0]?.kill()
    await nodes[1]?.kill()
    await eventually('it says so', () => one.entries.some(({ level }) => level === 'warn'))
  })

  it('by way of Sentinels, who make a replica the master when that dies', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const users = ['requirepass inside', 'masterauth inside', `user berth on >its-own ${rights}`]
    const login = { config: users, login: ['--pass', 'inside'] }
    const master = await startRedis(t, login)
    const replica = await startRedis(t, {
      ...login,
      config: [...login.config, `replicaof 127.0.0.1 ${master.port}`],
    })
    await eventually('replicates', async () =>
      (await replica.cli('INFO', 'replication')).includes('master_link_status:up'),
    )
    const sentinel = await startRedis(t, {
      isSentinel: true,
      config: [
        'requirepass watch',
        'user berth on >looks-on -@all allchannels +sentinel +subscribe +psubscribe +ping',
        `sentinel monitor the-master 127.0.0.1 ${master.port} 1`,
        'sentinel auth-pass the-master inside',
        'sentinel down-after-milliseconds the-master 500',
        'sentinel failover-timeout the-master 3000',
      ],
      login: ['--pass', 'watch'],
    })
    await eventually('knows the replica', async () =>
      (await sentinel.cli('SENTINEL', 'REPLICAS', 'the-master')).includes(String(replica.port)),
    )
    const options = optionsFor(master, {
      servers: {
        kind: 'sentinel',
        master: 'the-master',
        sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
        username: 'berth',
        password: 'looks-on',
      },
      username: 'berth',
      password: 'its-own',
    })
    const pair = await checkWorks(t, options)
    const wrong = {
      ...options,
      servers: { ...options.servers, password: 'wrong' } as RedisOptions['servers'],
    }
    assert.match(await complaint(t, wrong), /WRONGPASS|sentinel/i)
    await master.kill()
    await eventually('the replica is the master', async () =>
      (await replica.cli('ROLE')).startsWith('master'),
    )
    const [one, other] = pair
    // Sentinels have more to say for a while, and the connections are made anew each time.
    await eventually('contents work', async () => {
      one.cache.keepContent(digest, bytes)
      return (await other.cache.content(digest)) !== undefined
    })
    await eventually('deletions are told before the call returns', async () => {
      other.told.length = 0
      await one.cache.deletions.tell(repository, digest)
      return other.told.length > 0
    })
  })
})
