import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { request as startRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { clientOfEach, metric, startSeveral, until, type Several } from './several.ts'

const content = seededBytes('drain', 1_000_000)
const digest = digestOf(content)

interface HalfPush {
  readonly ended: Promise<number | 'broken'>
  finish(): void
}

async function pushHalf({ url }: Several): Promise<HalfPush> {
  const request: ClientRequest = startRequest(`${url}/v2/r/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(content.length),
      Expect: '100-continue',
    },
  })
  const ended = new Promise<number | 'broken'>((resolve) => {
    request.on('response', (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', () => resolve('broken'))
  })
  request.flushHeaders()
  // Then a worker is at it. What none has taken when all are told to end is closed, as by a single process.
  await once(request, 'continue')
  request.write(content.subarray(0, 500_000))
  return { ended, finish: () => request.end(content.subarray(500_000)) }
}

void test('SIGTERM: all finish what is in flight', async (t) => {
  const registry = await startSeveral(t)
  await registry.whole(2)
  const pids = registry.workers()
  const pushes = await Promise.all([
    pushHalf(registry),
    pushHalf(registry),
    pushHalf(registry),
    pushHalf(registry),
  ])
  const stopped = registry.daemon.stop('SIGTERM')
  await delay(300)
  await assert.rejects(http('GET', `${registry.url}/v2/`), { code: 'ECONNREFUSED' })
  for (const push of pushes) push.finish()
  assert.deepEqual(await Promise.all(pushes.map(({ ended }) => ended)), [201, 201, 201, 201])
  assert.deepEqual(await stopped, { code: 0, signal: undefined })
  for (const pid of pids) assert.ok(!existsSync(`/proc/${pid}`))
})

type Send = (who: 'primary' | 'workers') => void

/** Terminals, systemd and many an init send a signal to all; each hears of it from the primary too, before or after. */
const orders: Readonly<Record<string, (send: Send) => Promise<void>>> = {
  'at once': async (send) => {
    send('workers')
    send('primary')
  },
  'the primary first': async (send) => {
    send('primary')
    await delay(200)
    send('workers')
  },
  'the workers first': async (send) => {
    send('workers')
    await delay(200)
    send('primary')
  },
}

for (const [order, sendAll] of Object.entries(orders)) {
  void test(`SIGTERM to all processes, ${order}, does the same`, async (t) => {
    const registry = await startSeveral(t)
    await registry.whole(2)
    const pids = registry.workers()
    const pushes = await Promise.all([pushHalf(registry), pushHalf(registry)])
    let stopped: Promise<unknown> | undefined
    await sendAll((who) => {
      if (who === 'primary') stopped = registry.daemon.stop('SIGTERM')
      else for (const pid of pids) process.kill(pid, 'SIGTERM')
    })
    await delay(300)
    for (const push of pushes) push.finish()
    assert.deepEqual(await Promise.all(pushes.map(({ ended }) => ended)), [201, 201])
    assert.deepEqual(await stopped, { code: 0, signal: undefined })
    for (const pid of pids) assert.ok(!existsSync(`/proc/${pid}`))
  })
}

void test('a worker that is asked to end alone finishes its work, and another one takes its place', async (t) => {
  const registry = await startSeveral(t)
  await registry.whole(2)
  const push = await pushHalf(registry)
  const before = registry.workers()
  for (const pid of before) process.kill(pid, 'SIGTERM')
  // The one that has nothing to do ends. To the other one it says nothing new.
  const left = (): readonly number[] => registry.workers().filter((pid) => before.includes(pid))
  await until(() => left().length === 1)
  for (const pid of left()) process.kill(pid, 'SIGTERM')
  await delay(100)
  push.finish()
  assert.equal(await push.ended, 201)
  await until(
    () => registry.workers().length === 2 && registry.workers().every((pid) => !before.includes(pid)),
  )
  await registry.whole(2)
  assert.equal((await http('GET', `${registry.url}/v2/r/blobs/${digest}`)).status, 200)
  const log = registry.daemon.output()
  assert.equal(
    log.match(/level=info msg="worker ended as it was asked to, and is started again"/g)?.length,
    2,
  )
  assert.doesNotMatch(log, /level=(?:error|warning)/)
  assert.equal(await metric(registry.debug, 'berth_worker_ends_total'), 0)
})

void test('all go on for the time that load balancers need to notice, and say so', async (t) => {
  const registry = await startSeveral(t, { config: { http: { draindelay: '1500ms' } } })
  const asks = await clientOfEach(t, registry)
  const pids = registry.workers()
  for (const pid of pids) process.kill(pid, 'SIGTERM')
  const stopped = registry.daemon.stop('SIGTERM')
  await delay(1_200)
  for (const ask of asks) {
    assert.equal((await ask('GET', '/')).status, 503)
    assert.equal((await ask('GET', '/v2/')).status, 200)
  }
  assert.deepEqual(registry.workers(), pids)
  assert.deepEqual(await stopped, { code: 0, signal: undefined })
})

void test('a reload that a worker holds up does not hold up the end', async (t) => {
  const registry = await startSeveral(t, { config: { http: { draindelay: '1500ms' } } })
  const [first, second] = await clientOfEach(t, registry)
  const [stuck = 0] = registry.workers()
  process.kill(stuck, 'SIGSTOP')
  // Also when the primary is gone: else it would stay.
  t.after(() => {
    if (existsSync(`/proc/${stuck}`)) process.kill(stuck, 'SIGCONT')
  })
  process.kill(registry.daemon.pid, 'SIGHUP')
  await delay(300)
  const began = performance.now()
  const stopped = registry.daemon.stop('SIGTERM')
  await until(async () => {
    const answers = [first, second].map(async (ask) => (await ask?.('GET', '/'))?.status)
    return (await Promise.race(answers)) === 503
  })
  assert.ok(performance.now() - began < 1_300, 'load balancers know at once')
  await until(async () => await isRefused(registry.port))
  const took = performance.now() - began
  assert.ok(took > 1_300 && took < 10_000, `${took} ms`)
  process.kill(stuck, 'SIGCONT')
  assert.deepEqual(await stopped, { code: 0, signal: undefined })
  assert.match(registry.daemon.output(), /not reloaded.*reason="?(?:the registry is stopping|.*gone)/)
  assert.doesNotMatch(registry.daemon.output(), /started again/)
})

/** Without a request: a worker that is stuck would not answer it. */
async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

void test('after the drain time the rest is cut off', async (t) => {
  const registry = await startSeveral(t, { config: { http: { draintimeout: '500ms' } } })
  await registry.whole(2)
  const pushes = await Promise.all([pushHalf(registry), pushHalf(registry)])
  const began = performance.now()
  const { code } = await registry.daemon.stop()
  const took = performance.now() - began
  assert.equal(code, 0)
  assert.ok(took > 400 && took < 4000, `${took} ms`)
  assert.deepEqual(await Promise.all(pushes.map(({ ended }) => ended)), ['broken', 'broken'])
  assert.match(registry.daemon.output(), /cut off.*worker=1/)
  assert.match(registry.daemon.output(), /cut off.*worker=2/)
})

void test('a second signal ends all at once, and is no success', async (t) => {
  const registry = await startSeveral(t)
  await registry.whole(2)
  const pids = registry.workers()
  const push = await pushHalf(registry)
  const stopped = registry.daemon.stop('SIGTERM')
  await delay(300)
  const began = performance.now()
  process.kill(registry.daemon.pid, 'SIGTERM')
  const { code } = await stopped
  assert.ok(performance.now() - began < 1500)
  assert.equal(code, 1)
  assert.equal(await push.ended, 'broken')
  await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))
})

void test('when the primary is killed, workers finish what is in flight, and none is left', async (t) => {
  const registry = await startSeveral(t)
  await registry.whole(2)
  const pids = registry.workers()
  const pushes = await Promise.all([pushHalf(registry), pushHalf(registry)])
  await registry.daemon.kill()
  await delay(300)
  for (const pid of pids) assert.ok(existsSync(`/proc/${pid}`))
  for (const push of pushes) push.finish()
  assert.deepEqual(await Promise.all(pushes.map(({ ended }) => ended)), [201, 201])
  await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))
  assert.match(registry.daemon.output(), /level=error msg="the primary is gone: .*worker=1/)
})

void test('when the primary is killed, no worker waits longer for its clients than it would otherwise', async (t) => {
  const registry = await startSeveral(t, { config: { http: { draintimeout: '500ms' } } })
  await registry.whole(2)
  const pids = registry.workers()
  const push = await pushHalf(registry)
  const began = performance.now()
  await registry.daemon.kill()
  assert.equal(await push.ended, 'broken')
  await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))
  const took = performance.now() - began
  assert.ok(took > 400 && took < 4000, `${took} ms`)
})

void test('when no worker lasts, all ends, and says why', async (t) => {
  const registry = await startSeveral(t)
  const killer = setInterval(() => {
    for (const pid of registry.workers()) process.kill(pid, 'SIGKILL')
  }, 20)
  const { ended } = registry.daemon
  ended.finally(() => clearInterval(killer)).catch(() => {})
  const { code } = await ended
  clearInterval(killer)
  assert.equal(code, 1)
  assert.match(
    registry.daemon.output(),
    /\nerror: the workers end again and again, soon after they started; the last one: .*signal SIGKILL\n$/,
  )
})
