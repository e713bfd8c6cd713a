import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http, type HttpResponse } from '../support/http.ts'
import { requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { digestOf, seededBytes, seededChunks } from '../support/seeded.ts'
import { clientOfEach, memoryOf, metric, startSeveral, titleOf, until } from './several.ts'

const octets = { 'Content-Type': 'application/octet-stream' }
const manifestType = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }

void test('several processes serve as one', async (t) => {
  const registry = await startSeveral(t, { config: { log: { fields: { site: 'here' } } } })
  const [one, other] = await clientOfEach(t, registry)
  assert.ok(one && other)

  await t.test('each has a name and a number', async () => {
    assert.equal(titleOf(registry.daemon.pid), 'berth: primary')
    assert.deepEqual(registry.workers().map(titleOf).toSorted(), ['berth: worker 1', 'berth: worker 2'])
    await until(() => /msg="response completed".* site=here .*worker=1/.test(registry.daemon.output()))
    await until(() => /msg="response completed".*worker=2/.test(registry.daemon.output()))
    assert.match(registry.daemon.output(), /msg=listening address="127\.0\.0\.1:\d+".* workers=2/)
  })

  await t.test('an upload goes on with another one', async () => {
    const content = seededBytes('workers', 300_000)
    const digest = digestOf(content)
    let location = String((await one('POST', '/v2/r/blobs/uploads/')).headers.location)
    for (const [at, ask] of [other, one, other].entries()) {
      const part = content.subarray(at * 100_000, (at + 1) * 100_000)
      const range = `${at * 100_000}-${at * 100_000 + part.length - 1}`
      const patch = await ask('PATCH', location, {
        body: part,
        headers: { ...octets, 'Content-Range': range },
      })
      assert.equal(patch.status, 202, patch.body.toString())
      assert.equal(patch.headers.range, `0-${at * 100_000 + 99_999}`)
      location = String(patch.headers.location)
    }
    const put = await one('PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`)
    assert.equal(put.status, 201, put.body.toString())
    const get = await other('GET', `/v2/r/blobs/${digest}`)
    assert.ok(get.body.equals(content))
  })

  await t.test('what one deletes the other one has not, at once', async () => {
    for (let round = 0; round < 10; round++) {
      const content = randomBytes(100_000)
      const digest = digestOf(content)
      const pushed: HttpResponse = await one('POST', `/v2/r/blobs/uploads/?digest=${digest}`, {
        body: content,
        headers: octets,
      })
      assert.equal(pushed.status, 201)
      const manifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType['Content-Type'],
        config: { mediaType: 'application/octet-stream', digest, size: content.length },
        layers: [],
      })
      assert.equal(
        (await one('PUT', '/v2/r/manifests/t', { body: manifest, headers: manifestType })).status,
        201,
      )
      const named = `/v2/r/manifests/${digestOf(manifest)}`
      for (const ask of [one, other]) {
        assert.equal((await ask('GET', `/v2/r/blobs/${digest}`)).status, 200)
        assert.equal((await ask('GET', named)).status, 200)
      }
      assert.equal((await other('GET', '/v2/_catalog')).body.toString().includes('"r"'), true)
      assert.equal((await one('DELETE', `/v2/r/blobs/${digest}`)).status, 202)
      assert.equal((await other('GET', `/v2/r/blobs/${digest}`)).status, 404)
      assert.equal((await one('DELETE', named)).status, 202)
      assert.equal((await other('GET', named)).status, 404)
      assert.equal((await other('GET', '/v2/_catalog')).body.toString().includes('"r"'), false)
    }
  })

  await t.test('metrics are those of all, and do not fall when one dies', async () => {
    const series = 'registry_http_requests_total{handler="base",method="get",code="200"}'
    const before = await metric(registry.debug, series)
    for (let count = 0; count < 5; count++) for (const ask of [one, other]) await ask('GET', '/v2/')
    assert.equal(await metric(registry.debug, series), before + 10)
    const page = (await http('GET', `${registry.debug}/metrics`)).body.toString()
    assert.match(page, /^berth_build_info\{.*\} 1$/m)
    assert.match(page, /^berth_config_last_reload_successful 1$/m)
    process.kill(registry.workers()[0] ?? 0, 'SIGKILL')
    await until(async () => (await metric(registry.debug, 'berth_worker_ends_total')) === 1)
    assert.equal(await metric(registry.debug, series), before + 10)
    await registry.whole(2)
    assert.equal(await metric(registry.debug, series), before + 10)
  })

  await t.test('there is one answer about health', async () => {
    assert.deepEqual((await http('GET', `${registry.debug}/debug/health`)).json(), {})
  })

  await t.test('each has profiles of its own', async () => {
    const take = async (query: string): Promise<HttpResponse> =>
      await http('GET', `${registry.debug}/debug/pprof/profile?${query}`)
    const taking = Promise.all(['seconds=1', 'seconds=1&worker=2'].map(take))
    await delay(200)
    // Nobody waits for this one.
    const busy = await take('seconds=1&worker=2')
    assert.deepEqual([busy.status, busy.body.toString().includes('another profile')], [409, true])
    for (let count = 0; count < 100; count++) await Promise.all([one('GET', '/v2/'), other('GET', '/v2/')])
    for (const { status, body } of await taking) {
      assert.equal(status, 200)
      // The primary has no such file.
      assert.match(body.toString(), /http\/handler\.js/)
    }
    const { status, body } = await take('seconds=1&worker=3')
    assert.deepEqual([status, body.toString()], [400, 'worker: a number from 1 to 2\n'])
    // One that nobody waits for any more is ended.
    const gone = new AbortController()
    const url = `${registry.debug}/debug/pprof/heap?seconds=300`
    const left = fetch(url, { signal: gone.signal }).catch(() => {})
    await delay(200)
    gone.abort()
    await left
    await until(async () => (await http('GET', url.replace('300', '1'))).status === 200)
  })

  await t.test('the primary sees none of what is pushed', async () => {
    const size = 1024 ** 3
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256')
    for (const chunk of seededChunks('large', size)) hash.update(chunk)
    const digest = `sha256:${hash.digest('hex')}`
    const before = memoryOf(registry.daemon.pid)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, memoryOf(registry.daemon.pid))), 20)
    const push = await http('POST', `${registry.url}/v2/large/blobs/uploads/?digest=${digest}`, {
      body: Readable.from(seededChunks('large', size)),
      headers: { ...octets, 'Content-Length': String(size) },
    })
    clearInterval(watch)
    assert.equal(push.status, 201, push.body.toString())
    assert.ok(most > 0 && most - before < 8 * 1024 ** 2, `${before} to ${most} bytes`)
  })
})

void test('a worker that is killed under load is missed by its own clients alone', async (t) => {
  if (!requireProgram(t, 'wrk')) return
  const registry = await startSeveral(t, {
    config: { log: { level: 'warn', accesslog: { disabled: true } } },
  })
  await registry.whole(2)
  const load = run('wrk', ['-t1', '-c4', '-d5s', `${registry.url}/v2/`])
  const failures: unknown[] = []
  const over = new AbortController()
  // A new connection each time, which no death may leave without an answer.
  const asking = (async (): Promise<number> => {
    let count = 0
    while (!over.signal.aborted) {
      await http('GET', `${registry.url}/v2/`, { silenceMs: 3_000 }).then(
        ({ status }) => status === 200 || failures.push(status),
        (error: unknown) => failures.push(error),
      )
      count++
    }
    return count
  })()
  const killed: number[] = []
  for (let round = 0; round < 4; round++) {
    await delay(800)
    const [victim = 0] = registry.workers().filter((pid) => !killed.includes(pid))
    killed.push(victim)
    process.kill(victim, 'SIGKILL')
  }
  const { stdout } = await load
  over.abort()
  const count = await asking
  assert.ok(count > 50, `${count} requests`)
  // Those that a victim had begun to answer.
  assert.ok(failures.length <= killed.length, String(failures))
  assert.match(stdout, /requests in/)
  await registry.whole(2)
  assert.match(
    registry.daemon.output(),
    /level=error msg="worker ended, and is started again".* end="signal SIGKILL"/,
  )
  assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
})
