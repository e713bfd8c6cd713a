import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Digest } from '../../src/registry/digest.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { requireProgram } from '../support/require-program.ts'
import { Replica } from './replica.ts'
import { eventually, optionsFor, repository } from './shared.ts'

interface World {
  readonly server: RedisServer
  readonly one: Replica
  readonly other: Replica
  /** Another process on the same store. */
  readonly start: () => Promise<Replica>
}

async function startWorld(t: TestContext): Promise<World> {
  const server = await startRedis(t)
  const driver = new MemoryDriver()
  const start = async (): Promise<Replica> => {
    const replica = await Replica.start(t, driver, optionsFor(server))
    await eventually('redis is up', () => replica.cache.isUp)
    return replica
  }
  const [one, other] = [await start(), await start()]
  await delay(50)
  return { server, one, other, start }
}

const keyOf = (kind: 'blob' | 'manifest', digest: Digest): string => `berth:1:${kind}:${repository}@${digest}`

const config = Buffer.from('{}')

function manifestOf(name: string): Buffer {
  const descriptor = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    size: 2,
  }
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor,
      layers: [],
      annotations: { name },
    }),
  )
}

/** How long it takes, in milliseconds. */
async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await action()
  return performance.now() - started
}

// Most of the time is waiting.
describe('With Redis', { concurrency: 6 }, () => {
  describe('A Redis that says what is not so', { concurrency: 4 }, () => {
    it('is not believed about contents', async (t) => {
      if (!requireProgram(t, 'redis-server')) return
      const { server, one, start } = await startWorld(t)
      await one.pushBlob(config)
      const content = manifestOf('content')
      const digest = await one.pushManifest(content)
      const key = `berth:1:content:${digest}`
      const poisons: readonly (readonly string[])[] = [
        ['SET', key, manifestOf('other').toString()],
        ['SET', key, 'x'],
        ['SET', key, `${content.toString()} `],
        ['SETRANGE', key, '100000000', 'x'],
        ['LPUSH', key, 'x'],
        ['HSET', key, 'digest', digest],
      ]
      for (const poison of poisons) {
        // In one step: somebody may be leaving the content there just now.
        const script = "redis.call('DEL', KEYS[1]); return redis.call(unpack(ARGV))"
        await server.cli('EVAL', script, '1', key, ...poison)
        const replica = await start()
        assert.deepEqual(await replica.manifest(digest), content, poison[0])
        // One answer may be late on a busy machine.
        await eventually('redis is asked', async () => {
          await replica.cache.content(digest)
          return replica.cache.isUp
        })
        // What is found to be wrong is replaced, and not in the middle of what comes next.
        const size = String(content.length)
        await eventually('healed', async () => (await server.cli('STRLEN', key).catch(() => '')) === size)
      }
      assert.equal(await server.cli('GET', key), content.toString())
    })

    it('is not believed about what repositories have', async (t) => {
      if (!requireProgram(t, 'redis-server')) return
      const { server, one, start } = await startWorld(t)
      const [kept, gone] = [Buffer.from('kept'), Buffer.from('gone')]
      const keptDigest = await one.pushBlob(kept)
      const goneDigest = await one.pushBlob(gone)
      await one.pushBlob(config)
      const manifest = await one.pushManifest(manifestOf('gone'))
      assert.deepEqual(await one.manifest(manifest), manifestOf('gone'))
      await one.deleteBlob(goneDigest)
      await one.deleteManifest(manifest)
      const seal = 'A'.repeat(43)
      const now = Date.now()
      const foreign = await server.cli('GET', keyOf('blob', keptDigest))
      assert.match(foreign, /^\d{13} 4 /)
      const values = [
        'garbage',
        `${now} 4 ${seal}`,
        `${now} - ${seal}`,
        `${now} 4`,
        foreign,
        foreign.replace(/^\d+/, String(now)),
        `${foreign}${'x'.repeat(1000)}`,
        JSON.stringify({ stored: goneDigest, size: 4 }),
      ]
      for (const value of values) {
        await server.cli('SET', keyOf('blob', goneDigest), value)
        await server.cli('SET', keyOf('manifest', manifest), value.replace(' 4 ', ' - '))
        const replica = await start()
        assert.equal(await replica.blob(goneDigest), 'unknown', value)
        assert.equal(await replica.manifest(manifest), 'unknown', value)
      }
      // Nor about sizes.
      await server.cli('SET', keyOf('blob', keptDigest), foreign.replace(' 4 ', ' 3 '))
      assert.deepEqual(await (await start()).blob(keptDigest), kept)
    })

    it('is not believed when it repeats what was so', async (t) => {
      if (!requireProgram(t, 'redis-server')) return
      const { server, one, start } = await startWorld(t)
      const digest = await one.pushBlob(Buffer.from('gone'))
      const key = keyOf('blob', digest)
      await eventually('it is there', async () => (await server.cli('EXISTS', key)) === '1')
      const value = await server.cli('GET', key)
      await one.deleteBlob(digest)
      await server.cli('SET', key, value)
      // Whoever heard of it does not ask.
      assert.equal(await one.blob(digest), 'unknown')
      await delay(4_600)
      await server.cli('SET', key, value)
      assert.equal(await one.blob(digest), 'unknown')
      assert.equal(await (await start()).blob(digest), 'unknown')
    })
  })

  describe('A Redis that fails', { concurrency: 4 }, () => {
    it('without an answer costs one wait, and not one for each request', async (t) => {
      if (!requireProgram(t, 'redis-server')) return
      const { server, one, other } = await startWorld(t)
      const contents = Array.from({ length: 100 }, (_, index) => Buffer.from(`content ${index}`))
      const digests = await Promise.all(contents.map((content) => one.pushBlob(content)))
      server.freeze()
      const time = await timeOf(async () => {
        for (const [index, digest] of digests.entries())
          assert.deepEqual(await other.blob(digest), contents[index])
      })
      assert.ok(time >= 90, `it was asked: ${time} ms`)
      // It would be ten seconds.
      assert.ok(time < 2_000, `${time} ms`)
      assert.equal(other.cache.isUp, false)
      // Deletes tell it neither, and the same process knows all the same.
      const [first, second] = digests
      assert.ok(first !== undefined && second !== undefined)
      assert.ok((await timeOf(() => one.deleteBlob(first))) < 1_000)
      assert.equal(await one.blob(first), 'unknown')
      server.thaw()
      await eventually('it is used again', async () => {
        await other.blob(second)
        return other.cache.isUp
      })
    })

    it('many at once are held for one wait alone', async (t) => {
      if (!requireProgram(t, 'redis-server')) return
      const { server, one, other } = await startWorld(t)
      const contents = Array.from({ length: 2_000 }, (_, index) => Buffer.from(`content ${index}`))
      const digests = await Promise.all(contents.map((content) => one.pushBlob(content)))
      server.freeze()
      const time = await timeOf(() => Promise.all(digests.map((digest) => other.blob(digest))))
      assert.ok(time < 5_000, `${time} ms`)
      server.thaw()
    })

    it('because it is full still lets deletions be told', async (t) => {
      if (!requireProgram(t, 'redis-server')) return
      const { server, one, other, start } = await startWorld(t)
      const digest = await one.pushBlob(Buffer.from('gone'))
      assert.ok((await other.blob(digest)) !== 'unknown')
      await eventually('it is there', async () => (await server.cli('EXISTS', keyOf('blob', digest))) === '1')
      await server.cli('CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction')
      await one.deleteBlob(digest)
      assert.equal(await one.blob(digest), 'unknown')
      assert.equal(await other.blob(digest), 'unknown')
      assert.equal(await (await start()).blob(digest), 'unknown')
      const content = Buffer.from('pushed while it is full')
      assert.deepEqual(await other.blob(await one.pushBlob(content)), content)
      await eventually('reads go on', async () => {
        await other.blob(digest)
        return other.cache.isUp
      })
    })
  })
})
