import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as startRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const content = seededBytes('shutdown', 1_000_000)
const digest = digestOf(content)

/** A push that has sent half of its bytes and waits. */
interface HalfPush {
  finish(): Promise<number>
  /** Settles with how it ended, without our doing. */
  readonly ended: Promise<number | 'broken'>
}

async function startPush(registry: RunningRegistry): Promise<HalfPush> {
  const request: ClientRequest = startRequest(`${registry.url}/v2/r/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(content.length) },
  })
  const ended = new Promise<number | 'broken'>((resolve) => {
    request.on('response', (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', () => resolve('broken'))
  })
  request.write(content.subarray(0, 500_000))
  await delay(200)
  return {
    ended,
    finish: async () => {
      request.end(content.subarray(500_000))
      const end = await ended
      assert.notEqual(end, 'broken', 'the push was cut off')
      return Number(end)
    },
  }
}

async function refusesConnections(registry: RunningRegistry): Promise<boolean> {
  try {
    await http('GET', `${registry.url}/v2/`)
    return false
  } catch {
    return true
  }
}

void test('SIGTERM: no new connections, what is in flight is finished, exit 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await t.test(signal, async (sub) => {
      const root = temporaryFolder(sub).path
      const registry = await startRegistry({ kind: 'berth', root }, sub)
      const idle = connect(registry.port, '127.0.0.1')
      await once(idle, 'connect')
      const push = await startPush(registry)
      const stopped = registry.stop(signal)
      await delay(200)
      assert.ok(await refusesConnections(registry))
      assert.equal(await push.finish(), 201)
      assert.deepEqual(await stopped, { code: 0, signal: undefined })
      assert.match(registry.output(), /stopping/)

      const again = await startRegistry({ kind: 'berth', root }, sub)
      const get = await http('GET', `${again.url}/v2/r/blobs/${digest}`)
      assert.ok(get.body.equals(content), 'what was acknowledged is there')
    })
  }
})

void test('SIGTERM with nothing to do ends at once, whatever connections are kept', async (t) => {
  const registry = await startRegistry({ kind: 'berth' }, t)
  const { Agent } = await import('node:http')
  const agent = new Agent({ keepAlive: true })
  await http('GET', `${registry.url}/v2/`, { agent })
  const silent = connect(registry.port, '127.0.0.1')
  silent.on('error', () => {})
  await once(silent, 'connect')
  const began = performance.now()
  assert.deepEqual(await registry.stop(), { code: 0, signal: undefined })
  assert.ok(performance.now() - began < 2000, `${performance.now() - began} ms`)
  agent.destroy()
})

void test('after the drain time the rest is cut off', async (t) => {
  const config = { http: { draintimeout: '500ms' } }
  const registry = await startRegistry({ kind: 'berth', config }, t)
  const push = await startPush(registry)
  const began = performance.now()
  const { code } = await registry.stop()
  const took = performance.now() - began
  assert.equal(code, 0)
  assert.ok(took > 400 && took < 3000, `${took} ms`)
  assert.equal(await push.ended, 'broken')
  assert.match(registry.output(), /cut off/)
})

void test('a drain time of 0 cuts at once', async (t) => {
  const config = { http: { draintimeout: '0s' } }
  const registry = await startRegistry({ kind: 'berth', config }, t)
  const push = await startPush(registry)
  const began = performance.now()
  const { code } = await registry.stop()
  assert.equal(code, 0)
  assert.ok(performance.now() - began < 1500, `${performance.now() - began} ms`)
  assert.equal(await push.ended, 'broken')
})

void test('a second signal ends at once, and is no success', async (t) => {
  const registry = await startRegistry({ kind: 'berth' }, t)
  const push = await startPush(registry)
  const first = registry.stop('SIGTERM')
  await delay(200)
  const began = performance.now()
  process.kill(registry.pid, 'SIGINT')
  const { code } = await first
  assert.ok(performance.now() - began < 1500)
  assert.equal(code, 1)
  assert.equal(await push.ended, 'broken')
})
