import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it, type TestContext } from 'node:test'
import { DebugServer } from '../../src/debug/debug-server.ts'
import type { DebugServerOptions } from '../../src/debug/options.ts'
import type { ReloadOutcome } from '../../src/debug/reload.ts'
import { http } from '../support/http.ts'

const ignore = (): void => {}
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** A debug listener on a free port. Gives its URL. */
async function serving(t: TestContext, options: Partial<DebugServerOptions> = {}): Promise<string> {
  const server = new DebugServer({
    address: { host: '127.0.0.1', port: 0 },
    log: silent,
    failures: () => ({}),
    ...options,
  })
  const address = await server.start()
  t.after(() => server.stop())
  assert.match(address, /^127\.0\.0\.1:\d+$/)
  return `http://${address}`
}

describe('/debug/health', () => {
  it('tells which checks fail, by name in order', async (t) => {
    let failures = {}
    const url = `${await serving(t, { failures: () => failures })}/debug/health`
    const well = await http('GET', url)
    assert.deepEqual(
      [well.status, well.headers['content-type'], well.body.toString()],
      [200, 'application/json', '{}'],
    )
    failures = { 'tcp:1': 'connection refused', '/down': 'file exists' }
    const ill = await http('GET', url)
    assert.equal(ill.status, 503)
    assert.equal(ill.headers['content-type'], 'application/json')
    assert.equal(ill.body.toString(), '{"/down":"file exists","tcp:1":"connection refused"}')
  })

  it('is not found by other methods, as in Distribution', async (t) => {
    const url = `${await serving(t)}/debug/health`
    for (const method of ['HEAD', 'POST', 'OPTIONS']) {
      const { status, headers } = await http(method, url)
      assert.deepEqual([status, headers['content-type']], [404, 'text/plain; charset=utf-8'], method)
    }
  })
})

describe('/debug/vars', () => {
  it("has expvar's variables, Distribution's and more", async (t) => {
    const url = `${await serving(t, { vars: () => ({ registry: { redis: { Active: 1 } }, berth: { uploads: 2 } }) })}/debug/vars`
    const { status, headers, ...answer } = await http('GET', url)
    assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
    const { cmdline, memstats, registry, berth } = answer.json() as Record<string, Record<string, unknown>>
    assert.ok(Array.isArray(cmdline) && cmdline[0] === process.argv[0])
    assert.ok(Number(memstats?.['HeapAlloc']) > 0)
    const none = { Requests: 0, Hits: 0, Misses: 0, BytesPulled: 0, BytesPushed: 0 }
    assert.deepEqual(registry, {
      notifications: { endpoints: [] },
      proxy: { blobs: none, manifests: none },
      redis: { Active: 1 },
    })
    assert.deepEqual(berth, { uploads: 2 })
    const head = await http('HEAD', url)
    assert.deepEqual([head.status, head.body.length], [200, 0])
    assert.equal((await http('POST', url)).status, 405)
  })
})

describe('the metrics', () => {
  const rendered = { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' }

  it('are at their path, for GET and HEAD', async (t) => {
    const url = await serving(t, { prometheus: { path: '/my/metrics', render: async () => rendered } })
    const { status, headers, body } = await http('GET', `${url}/my/metrics?x=1`)
    assert.deepEqual(
      [status, headers['content-type'], body.toString()],
      [200, rendered.contentType, rendered.text],
    )
    assert.equal((await http('HEAD', `${url}/my/metrics`)).status, 200)
    const other = await http('POST', `${url}/my/metrics`)
    assert.deepEqual([other.status, other.headers.allow], [405, 'GET, HEAD'])
    assert.equal((await http('GET', `${url}/metrics`)).status, 404)
  })

  it('are not found when they are off', async (t) => {
    assert.equal((await http('GET', `${await serving(t)}/metrics`)).status, 404)
  })

  it('are rendered once for all that ask at the same time', async (t) => {
    let renders = 0
    const render = async (): Promise<typeof rendered> => {
      renders++
      await delay(100)
      return rendered
    }
    const url = `${await serving(t, { prometheus: { path: '/metrics', render } })}/metrics`
    const answers = await Promise.all(Array.from({ length: 10 }, () => http('GET', url)))
    assert.ok(answers.every(({ status, body }) => status === 200 && body.toString() === rendered.text))
    assert.ok(renders < 10, `${renders} renders`)
  })

  it('that cannot be rendered are told of in the log, and tried again', async (t) => {
    const logged: unknown[] = []
    const log = { ...silent, error: (fields: object) => logged.push(fields) }
    const failure = new Error('gauge broke')
    let isBroken = true
    const render = async (): Promise<typeof rendered> => {
      if (isBroken) throw failure
      return rendered
    }
    const url = `${await serving(t, { log, prometheus: { path: '/metrics', render } })}/metrics`
    const broken = await http('GET', url)
    assert.deepEqual([broken.status, broken.body.toString()], [500, 'failed: see the log\n'])
    assert.deepEqual(logged, [{ err: failure }])
    isBroken = false
    assert.equal((await http('GET', url)).status, 200)
  })
})

describe('/debug/reload', () => {
  const outcomes: readonly (readonly [ReloadOutcome, number, string])[] = [
    [{ kind: 'applied', needRestart: [] }, 200, '{"status":"applied","needRestart":[]}'],
    [
      { kind: 'applied', needRestart: ['http.addr'] },
      200,
      '{"status":"applied","needRestart":["http.addr"]}',
    ],
    [{ kind: 'refused', reason: 'config.yml:3: no such key' }, 422, 'config.yml:3: no such key\n'],
    [{ kind: 'busy' }, 409, 'another reload is under way\n'],
  ]
  for (const [outcome, status, text] of outcomes) {
    it(`answers ${status} when the reload is ${outcome.kind}`, async (t) => {
      const url = await serving(t, { reload: async () => outcome })
      const answer = await http('POST', `${url}/debug/reload`)
      assert.deepEqual([answer.status, answer.body.toString()], [status, text])
    })
  }

  it('is not for pages, nor for other methods', async (t) => {
    let reloads = 0
    const reload = async (): Promise<ReloadOutcome> => {
      reloads++
      return { kind: 'busy' }
    }
    const url = `${await serving(t, { reload })}/debug/reload`
    const own = new URL(url).origin
    for (const headers of [
      { Origin: 'https://example.com' },
      { Origin: own },
      { 'Sec-Fetch-Site': 'cross-site' },
    ] as const)
      assert.equal((await http('POST', url, { headers })).status, 403)
    for (const method of ['GET', 'HEAD', 'PUT']) assert.equal((await http(method, url)).status, 405)
    assert.equal(reloads, 0)
  })

  it('is not there without a reload', async (t) => {
    assert.equal((await http('POST', `${await serving(t)}/debug/reload`)).status, 404)
  })

  it('does not read a body', async (t) => {
    const url = await serving(t, { reload: async () => ({ kind: 'applied', needRestart: [] }) })
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(64 * 1024))
      },
    })
    t.after(() => endless.destroy())
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', ignore)
    socket.write('POST /debug/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    endless.pipe(socket)
    await closed(socket)
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n/i)
    assert.ok(socket.bytesWritten < 100_000_000, `${socket.bytesWritten} bytes were taken`)
  })
})

describe('/debug/pprof/', () => {
  it('lists the profiles', async (t) => {
    const url = await serving(t)
    const { status, headers, body } = await http('GET', `${url}/debug/pprof/`)
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'])
    assert.match(body.toString(), /href="profile\?seconds=30"[^]*href="heap\?seconds=30"/)
    const moved = await http('GET', `${url}/debug/pprof`)
    assert.deepEqual([moved.status, moved.headers.location], [301, '/debug/pprof/'])
    assert.equal((await http('GET', `${url}/debug/pprof/goroutine`)).status, 404)
  })

  it('gives where the time of the processor goes', async (t) => {
    const url = await serving(t)
    const taking = http('GET', `${url}/debug/pprof/profile?seconds=1`)
    const end = Date.now() + 900
    while (Date.now() < end) {
      busyLoop()
      await delay(1)
    }
    const { status, headers, ...answer } = await taking
    assert.equal(status, 200)
    assert.equal(headers['content-disposition'], 'attachment; filename="berth.cpuprofile"')
    const { nodes, samples, timeDeltas } = answer.json() as {
      nodes: { callFrame: { url: string }; hitCount: number }[]
      samples: number[]
      timeDeltas: number[]
    }
    // By file: V8 may inline the function into its caller.
    const busy = nodes.filter(({ callFrame }) => callFrame.url === import.meta.url)
    assert.ok(busy.reduce((hits, { hitCount }) => hits + hitCount, 0) > samples.length / 10)
    assert.ok(samples.length > 100 && timeDeltas.length === samples.length)
  })

  it('gives what is allocated, and no contents', async (t) => {
    const url = await serving(t)
    const taking = http('GET', `${url}/debug/pprof/heap?seconds=1`)
    await delay(300)
    const kept = allocationThatShowsUp()
    const { status, headers, body } = await taking
    assert.equal(status, 200)
    assert.equal(headers['content-disposition'], 'attachment; filename="berth.heapprofile"')
    assert.ok(kept.length > 0)
    assert.ok(body.includes('allocationThatShowsUp'))
    assert.ok(!body.includes('credential-'))
  })

  it('takes one at a time', async (t) => {
    const url = await serving(t)
    const first = http('GET', `${url}/debug/pprof/profile?seconds=2`)
    await delay(500)
    for (const name of ['profile', 'heap']) {
      const second = await http('GET', `${url}/debug/pprof/${name}?seconds=1`)
      assert.deepEqual(
        [second.status, second.body.toString()],
        [409, 'another profile is being taken: wait for it to end\n'],
      )
    }
    assert.equal((await first).status, 200)
    assert.equal((await http('GET', `${url}/debug/pprof/heap?seconds=1`)).status, 200)
  })

  it('ends with the client that asked', async (t) => {
    const url = await serving(t)
    const gone = connect(Number(new URL(url).port), '127.0.0.1')
    gone.write('GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await untilStatus(url, 409)
    gone.destroy()
    await untilStatus(url, 200)
  })

  it('refuses other times', async (t) => {
    const url = await serving(t)
    for (const seconds of ['0', '0.5', '301', '-1', 'x', 'Infinity', 'NaN', '']) {
      const { status, body } = await http('GET', `${url}/debug/pprof/profile?seconds=${seconds}`)
      assert.deepEqual([status, body.toString()], [400, 'seconds: a number from 1 to 300\n'], seconds)
    }
  })

  it('is not given to a site that has its name pointed here', async (t) => {
    const url = await serving(t)
    for (const name of ['profile', 'heap']) {
      const headers = { Host: 'rebound.example.com:5001' }
      assert.equal((await http('GET', `${url}/debug/pprof/${name}?seconds=1`, { headers })).status, 403)
    }
  })
})

describe('the debug listener', () => {
  it('knows no other path', async (t) => {
    const url = await serving(t)
    for (const path of [
      '/',
      '/v2/',
      '/debug',
      '/debug/health/',
      '/__proto__',
      '/constructor',
      '/debug/health/up',
    ])
      assert.equal((await http('GET', url + path)).status, 404, path)
  })

  it('tells where it listens, and why it cannot', async (t) => {
    const url = await serving(t, { address: { host: 'localhost', port: 0 } })
    const port = Number(new URL(url).port)
    const second = new DebugServer({
      address: { host: '127.0.0.1', port },
      log: silent,
      failures: () => ({}),
    })
    await assert.rejects(second.start(), {
      message: `cannot listen on 127.0.0.1:${port} (http.debug.addr): the address is in use`,
    })
    await second.stop()
    const nowhere = new DebugServer({
      address: { host: '192.0.2.1', port: 1 },
      log: silent,
      failures: () => ({}),
    })
    await assert.rejects(nowhere.start(), {
      message: 'cannot listen on 192.0.2.1:1 (http.debug.addr): not an address of this machine',
    })
    await nowhere.stop()
  })

  it('bounds the head of a request', async (t) => {
    const url = await serving(t)
    const headers = { 'X-Long': 'x'.repeat(20_000) }
    assert.equal((await http('GET', `${url}/debug/health`, { headers })).status, 431)
  })

  it('stops at once, whatever is open', async () => {
    const server = new DebugServer({
      address: { host: '127.0.0.1', port: 0 },
      log: silent,
      failures: () => ({}),
    })
    const address = await server.start()
    const port = Number(address.split(':')[1])
    const idle = connect(port, '127.0.0.1')
    const profiling = connect(port, '127.0.0.1')
    profiling.write('GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await untilStatus(`http://${address}`, 409)
    const ends = Promise.all([closed(idle), closed(profiling)])
    await server.stop()
    await ends
  })
})

/** However the connection ends. */
async function closed(socket: Socket): Promise<void> {
  socket.on('error', ignore)
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
}

/** Asks for a profile until the answer is such: 409 while another one is being taken. */
async function untilStatus(url: string, wanted: number): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await http('GET', `${url}/debug/pprof/heap?seconds=1`)).status === wanted) return
    await delay(50)
  }
  assert.fail(`never ${wanted}`)
}

function busyLoop(): number {
  let sum = 0
  const end = Date.now() + 20
  while (Date.now() < end) for (let index = 0; index < 1000; index++) sum += Math.sqrt(index)
  return sum
}

function allocationThatShowsUp(): readonly string[] {
  return Array.from({ length: 200_000 }, (_, index) => `credential-${index}`)
}
