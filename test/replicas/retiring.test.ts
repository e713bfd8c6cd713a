import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'

/** `http.draindelay`: what a load balancer sees of a replica that was asked to stop. */

for (const workers of [1, 2])
  void test(`a registry that is to stop, with ${workers} processes`, async (t) => {
    const config = { workers, http: { draindelay: '1s' } }
    const registry = await startRegistry({ kind: 'berth', config }, t)
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const before = await http('GET', `${registry.url}/`, { agent })
    assert.equal(before.status, 200)
    assert.notEqual(before.headers.connection, 'close')
    const began = performance.now()
    const stopped = registry.stop()
    await delay(400)
    for (const way of [{ agent }, {}]) {
      const root = await http('GET', `${registry.url}/`, way)
      assert.equal(root.status, 503, 'no more requests are wanted')
      assert.equal(root.headers.connection, 'close')
      const served = await http('POST', `${registry.url}/v2/r/blobs/uploads/`, { ...way, body: '' })
      assert.equal(served.status, 202, 'those that come are served')
      assert.equal(served.headers.connection, 'close')
    }
    assert.deepEqual(await stopped, { code: 0, signal: undefined })
    assert.ok(performance.now() - began > 900)
    assert.doesNotMatch(registry.output(), /"level":"error"|level=error/)
  })
