import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { loadConfig } from '../config/load.ts'
import { Channel, type Port } from './channel.ts'
import type { Child, ChildEnd } from './child.ts'
import { Supervisor, type SupervisorOptions } from './supervisor.ts'
import type { PrimaryTopics, WorkerTopics } from './topics.ts'
import type { Told } from './told.ts'

/** A worker without a process. */
class FakeWorker {
  readonly channel: Channel<WorkerTopics, PrimaryTopics>
  readonly child: Child
  readonly number: number
  isFirst: boolean | undefined
  isLead = false
  readonly told: Told[] = []
  #onEnd: (end: ChildEnd) => void = () => {}
  readonly #closers: (() => void)[] = []

  constructor(number: number) {
    this.number = number
    const listeners: ((message: unknown) => void)[][] = [[], []]
    const port = (own: 0 | 1): Port => ({
      send: (message) =>
        void setImmediate(() => listeners[1 - own]?.forEach((listener) => listener(message))),
      onMessage: (listener) => void listeners[own]?.push(listener),
      onClose: (listener) => void this.#closers.push(listener),
    })
    this.channel = new Channel(port(0))
    this.channel.answer('lead', () => {
      this.isLead = true
    })
    this.channel.answer('told', (told) => void this.told.push(told))
    this.channel.answer('stop', () => this.end({ code: 0 }))
    this.child = {
      pid: 1000 + number,
      channel: new Channel(port(1)),
      give: async () => true,
      onEnd: (listener) => (this.#onEnd = listener),
      kill: (signal) => this.end({ signal }),
    }
  }

  async begin(): Promise<void> {
    this.isFirst = (await this.channel.ask('begin', undefined, 1000)).isFirst
    await this.channel.ask('ready', undefined, 1000)
  }

  end(end: ChildEnd): void {
    for (const close of this.#closers) close()
    this.#onEnd(end)
  }
}

interface Rig {
  readonly supervisor: Supervisor
  /** All that were ever started. */
  readonly all: FakeWorker[]
  readonly hopeless: string[]
  readonly latest: (number: number) => FakeWorker
}

function rig(
  count: number,
  start: (worker: FakeWorker) => Promise<void>,
  more: Partial<SupervisorOptions> = {},
  beforeFork: () => void = () => {},
): Rig {
  const all: FakeWorker[] = []
  const hopeless: string[] = []
  const { config, sources } = loadConfig({ env: {}, places: [] })
  const supervisor = new Supervisor({
    count,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    fork: (number) => {
      beforeFork()
      const worker = new FakeWorker(number)
      all.push(worker)
      setImmediate(() => void start(worker).catch(() => {}))
      return worker.child
    },
    begin: async () => ({ config, sources, secret: '' }),
    onHopeless: ({ message }) => void hopeless.push(message),
    ...more,
  })
  const latest = (number: number): FakeWorker => {
    const found = all.findLast((worker) => worker.number === number)
    assert.ok(found)
    return found
  }
  return { supervisor, all, hopeless, latest }
}

void test('the first one starts alone, and leads; when it ends another one does', async () => {
  const { supervisor, all, latest } = rig(3, (worker) => worker.begin())
  const starting = supervisor.start()
  assert.equal(all.length, 1)
  await starting
  await delay(5)
  assert.deepEqual(
    all.map(({ isFirst }) => isFirst),
    [true, false, false],
  )
  assert.deepEqual(
    all.map(({ isLead }) => isLead),
    [true, false, false],
  )
  latest(1).end({ signal: 'SIGKILL' })
  await delay(5)
  assert.equal(latest(2).isLead, true)
  assert.deepEqual(supervisor.counts, { wanted: 3, serving: 2 })
  await delay(150)
  assert.equal(all.length, 4)
  assert.deepEqual(supervisor.counts, { wanted: 3, serving: 3 })
  assert.deepEqual([latest(1).isFirst, latest(1).isLead, latest(3).isLead], [false, false, false])
  supervisor.killAll()
})

void test('one that cannot start says why, and none is left', async () => {
  const { supervisor, all } = rig(2, async (worker) => {
    await worker.channel.ask('begin', undefined, 1000)
    await worker.channel.ask('failed', 'no store', 1000)
    worker.end({ code: 1 })
  })
  await assert.rejects(supervisor.start(), { message: 'no store' })
  assert.equal(all.length, 1)
  await delay(150)
  assert.equal(all.length, 1)
})

void test('while one of them lasts there is hope', async () => {
  let now = 0
  const { supervisor, hopeless, latest } = rig(2, (worker) => worker.begin(), { now: () => now })
  await supervisor.start()
  now = 100_000
  for (let life = 0; life < 3; life++) {
    latest(2).end({ code: 1 })
    await delay(100 * 2 ** life + 100)
  }
  assert.deepEqual(hopeless, [])
  assert.equal(supervisor.counts.serving, 2)
  supervisor.killAll()
})

void test('what one tells is told to all others before it is answered', async () => {
  const { supervisor, latest } = rig(3, (worker) => worker.begin())
  await supervisor.start()
  const told: Told = { kind: 'login', isRight: false, user: 'a', client: '10.0.0.1' }
  await latest(2).channel.ask('told', told, 1000)
  assert.deepEqual(
    [1, 2, 3].map((number) => latest(number).told.length),
    [1, 0, 1],
  )
  supervisor.killAll()
})

void test('a certificate is ordered by the one that leads', async () => {
  const { supervisor, latest } = rig(2, (worker) => worker.begin())
  await supervisor.start()
  const ordered: string[] = []
  latest(1).channel.answer('order', (host) => void ordered.push(host))
  await latest(2).channel.ask('order', 'registry.example.com', 1000)
  assert.deepEqual(ordered, ['registry.example.com'])
  supervisor.killAll()
})

void test('stops all, and kills who does not', async () => {
  const { supervisor, latest, all } = rig(2, (worker) => worker.begin())
  await supervisor.start()
  latest(2).channel.answer('stop', () => {})
  const began = performance.now()
  await supervisor.stop(100)
  assert.ok(performance.now() - began >= 95)
  await delay(150)
  assert.equal(all.length, 2, 'none is started again')
})

void test('one for which the system has no process is tried again, and the log says so', async () => {
  const lines: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (fields: unknown) => void lines.push(fields) }
  let refusals = 0
  const { supervisor, latest, all } = rig(
    2,
    (worker) => worker.begin(),
    { log },
    () => {
      if (refusals-- > 0) throw new Error('spawn ENOMEM')
    },
  )
  await supervisor.start()
  refusals = 2
  latest(2).end({ signal: 'SIGKILL' })
  // 100, 200 and 400 ms.
  for (let tries = 0; supervisor.counts.serving < 2 && tries < 500; tries++) await delay(10)
  assert.deepEqual(supervisor.counts, { wanted: 2, serving: 2 })
  assert.equal(all.length, 3)
  const none = { worker: 2, pid: undefined, end: 'spawn ENOMEM' }
  assert.deepEqual(lines, [
    { worker: 2, pid: 1002, end: 'signal SIGKILL', again: '0.1s' },
    { ...none, again: '0.2s' },
    { ...none, again: '0.4s' },
  ])
  supervisor.killAll()
})

void test('when the system has no process for the first ones, whoever starts them hears of it', async () => {
  const { supervisor, all } = rig(
    2,
    (worker) => worker.begin(),
    {},
    () => {
      if (all.length > 0) throw new Error('spawn ENOMEM')
    },
  )
  await assert.rejects(supervisor.start(), { message: 'spawn ENOMEM' })
  await delay(150)
  assert.equal(all.length, 1)
})

void test('one that hangs is killed, and started again; one that is slow is not', async () => {
  const lines: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => void lines.push(line) }
  const { supervisor, latest, all } = rig(3, (worker) => worker.begin(), {
    log,
    watch: { rhythm: 20, patience: 200 },
  })
  await supervisor.start()
  let questions = 0
  latest(2).channel.answer('alive', () => {
    questions++
    return new Promise<void>(() => {})
  })
  latest(3).channel.answer('alive', () => delay(30))
  for (let tries = 0; all.length < 4 && tries < 500; tries++) await delay(10)
  await delay(50)
  assert.deepEqual(
    all.map(({ number }) => number),
    [1, 2, 3, 2],
  )
  assert.deepEqual(supervisor.counts, { wanted: 3, serving: 3 })
  assert.equal(questions, 10)
  assert.deepEqual(lines[0], [
    { worker: 2, pid: 1002, silent: '0.2s' },
    'worker does not answer, and is killed',
  ])
  assert.equal(lines.length, 2)
  supervisor.killAll()
})
