import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { startRedis } from '../support/redis-server.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { eventually } from './shared.ts'

const type = 'application/vnd.oci.image.manifest.v1+json'
const empty = '{}'
const bigBlob = 'x'.repeat(100_000)

/** Two registries on one folder. */
async function startReplicas(
  t: TestContext,
  redis: Readonly<Record<string, unknown>> | undefined,
  more: Readonly<Record<string, unknown>> = {},
): Promise<readonly [RunningRegistry, RunningRegistry]> {
  const root = temporaryFolder(t).path
  const start = async (): Promise<RunningRegistry> =>
    await startRegistry(
      {
        kind: 'berth',
        root,
        config: {
          storage: {
            delete: { enabled: true },
            ...(redis !== undefined && { cache: { blobdescriptor: 'redis' } }),
          },
          http: { secret: 'shared by all of them' },
          ...(redis !== undefined && { redis }),
          ...more,
        },
      },
      t,
    )
  return [await start(), await start()]
}

async function push(registry: string, content: string): Promise<string> {
  const digest = digestOf(content)
  const url = `${registry}/v2/a/blobs/uploads/?digest=${digest}`
  const { status } = await http('POST', url, { body: content })
  assert.equal(status, 201)
  return digest
}

/** A manifest of its own for each name. */
async function pushManifest(registry: string, name: string): Promise<string> {
  const config = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: await push(registry, empty),
    size: 2,
  }
  const content = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config,
    layers: [],
    annotations: { name },
  })
  const digest = digestOf(content)
  const { status } = await http('PUT', `${registry}/v2/a/manifests/${digest}`, {
    body: content,
    headers: { 'Content-Type': type },
  })
  assert.equal(status, 201)
  return digest
}

/** Pushes to the first, makes the second remember, deletes at the first. */
async function statusesAfterDelete(one: string, other: string, name: string): Promise<readonly number[]> {
  const get = async (path: string): Promise<number> =>
    (await http('GET', `${other}/v2/a/${path}`, { headers: { Accept: type } })).status
  const things = [
    `manifests/${await pushManifest(one, name)}`,
    `blobs/${await push(one, `small ${name}`)}`,
    `blobs/${await push(one, `${bigBlob}${name}`)}`,
  ]
  const statuses: number[] = []
  for (const thing of things) {
    assert.equal(await get(thing), 200)
    assert.equal((await http('DELETE', `${one}/v2/a/${thing}`)).status, 202)
    statuses.push(await get(thing))
  }
  return statuses
}

describe('Two replicas on one folder', { concurrency: 4 }, () => {
  it('without Redis may remember for some seconds what the other one deleted', async (t) => {
    const [one, other] = await startReplicas(t, undefined)
    assert.deepEqual(await statusesAfterDelete(one.url, other.url, 'a'), [200, 200, 200])
    await delay(5_200)
    const digest = digestOf('small a')
    assert.equal((await http('GET', `${other.url}/v2/a/blobs/${digest}`)).status, 404)
  })

  it('with Redis tell each other at once', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const server = await startRedis(t)
    const [one, other] = await startReplicas(t, { addrs: [server.address] })
    await eventually('both listen', async () =>
      (await server.cli('PUBSUB', 'NUMSUB', 'berth:1:told')).endsWith('2'),
    )
    await delay(100)
    for (let round = 0; round < 10; round++) {
      const [from, to] = round % 2 === 0 ? [one, other] : [other, one]
      assert.deepEqual(await statusesAfterDelete(from.url, to.url, String(round)), [404, 404, 404])
    }
    // They do find there what the other one saw.
    const digest = await push(one.url, 'seen')
    await http('GET', `${one.url}/v2/a/blobs/${digest}`)
    assert.equal(await server.cli('EXISTS', `berth:1:content:${digest}`, `berth:1:blob:a@${digest}`), '2')
    assert.doesNotMatch(one.output() + other.output(), /level=(?:warning|error)/)
  })

  it('with Redis and several workers each tell all of them', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const server = await startRedis(t)
    const [one, other] = await startReplicas(t, { addr: server.address }, { workers: 2 })
    await eventually('all listen', async () =>
      (await server.cli('PUBSUB', 'NUMSUB', 'berth:1:told')).endsWith('4'),
    )
    await delay(100)
    for (let round = 0; round < 6; round++)
      assert.deepEqual(await statusesAfterDelete(one.url, other.url, String(round)), [404, 404, 404])
  })

  it('start without their Redis, say so in one line, and use it once it is there', async (t) => {
    if (!requireProgram(t, 'redis-server')) return
    const [port, debugPort] = [await freePort(), await freePort()]
    const registry = await startRegistry(
      {
        kind: 'berth',
        config: {
          storage: { cache: { blobdescriptor: 'redis' }, delete: { enabled: true } },
          redis: { addrs: [`127.0.0.1:${port}`], maxretrybackoff: '200ms' },
          http: { debug: { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true } } },
        },
      },
      t,
    )
    const up = async (): Promise<string | undefined> =>
      /^berth_redis_up (\d)/m.exec(
        (await http('GET', `http://127.0.0.1:${debugPort}/metrics`)).body.toString(),
      )?.[1]
    const digest = await push(registry.url, 'content')
    const started = performance.now()
    for (let round = 0; round < 50; round++)
      assert.equal((await http('GET', `${registry.url}/v2/a/blobs/${digest}`)).status, 200)
    assert.ok(performance.now() - started < 2_000)
    await eventually('it says so', () => registry.output().includes('redis cannot be used'))
    assert.equal(await up(), '0')
    assert.equal((await http('GET', `http://127.0.0.1:${debugPort}/debug/health`)).status, 200)
    await startRedis(t, { port })
    await eventually('it is used', async () => (await up()) === '1')
    const said = (): string =>
      String(
        registry
          .output()
          .match(/redis can[^",]*/g)
          ?.join(),
      )
    await eventually('both are said', () => said() === 'redis cannot be used,redis can be used again')
    assert.equal((await registry.stop()).code, 0)
  })
})
