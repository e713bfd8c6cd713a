import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import type { Log } from '../registry/context.ts'
import { notifier, type Notifier } from './notifier.ts'

const refuse = (): never => assert.fail('nothing is logged')
const silent: Log = { debug: refuse, info: refuse, warn: refuse, error: refuse }

/** A notifier, and what it sent so far; `hold` keeps it from ending a send. */
function recorded(
  env: NodeJS.ProcessEnv,
  hold: Promise<void> = Promise.resolve(),
): {
  readonly systemd: Notifier | undefined
  readonly sent: string[]
} {
  const sent: string[] = []
  const send = async (lines: readonly string[]): Promise<void> => {
    sent.push(lines.join(' '))
    await hold
  }
  return { systemd: notifier(env, { log: silent, pid: 7, send }), sent }
}

describe('a notifier', () => {
  it('is there only when systemd listens', () => {
    assert.equal(recorded({}).systemd, undefined)
    assert.equal(recorded({ NOTIFY_SOCKET: '' }).systemd, undefined)
    assert.ok(recorded({ NOTIFY_SOCKET: '/run/x' }).systemd)
  })

  it('leaves nothing of it to the programs that the process starts', () => {
    const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '1000000', WATCHDOG_PID: '8', PATH: '/bin' }
    recorded(env)
    assert.deepEqual(env, { PATH: '/bin' })
  })

  it('says one thing after the other', async () => {
    const isReleased = new AbortController()
    const { systemd, sent } = recorded({ NOTIFY_SOCKET: '/run/x' }, aborted(isReleased.signal))
    const all = Promise.all([systemd?.ready('serving\nwell'), systemd?.reloading(), systemd?.stopping()])
    await delay(10)
    assert.deepEqual(sent, ['READY=1 STATUS=serving well'])
    isReleased.abort()
    await all
    assert.equal(sent[1]?.replace(/\d{3,}/, 'N'), 'RELOADING=1 MONOTONIC_USEC=N')
    assert.deepEqual(sent.slice(2), ['STOPPING=1'])
  })

  it('lets nobody wait long for systemd', async () => {
    const { systemd, sent } = recorded({ NOTIFY_SOCKET: '/run/x' }, new Promise(() => {}))
    const started = performance.now()
    const other = setTimeout(() => {}, 60_000)
    await Promise.all([systemd?.reloading(), systemd?.stopping()])
    clearTimeout(other)
    assert.ok(performance.now() - started < 10_000)
    assert.equal(sent.length, 1)
  })

  it('beats twice in the time that the watchdog allows, while all is well', async () => {
    const { systemd, sent } = recorded({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '40000' })
    let isWell = true
    systemd?.startWatchdog(() => isWell)
    systemd?.startWatchdog(() => isWell)
    assert.equal(await settled(sent), 1, 'one at once')
    await until(() => sent.length >= 4)
    assert.deepEqual([...new Set(sent)], ['WATCHDOG=1'])
    isWell = false
    const count = await settled(sent)
    await delay(100)
    assert.equal(sent.length, count)
    isWell = true
    await until(() => sent.length > count)
    systemd?.stopWatchdog()
    const last = await settled(sent)
    await delay(100)
    assert.equal(sent.length, last)
  })

  it('gathers no beats while systemd does not take one', async () => {
    const isReleased = new AbortController()
    const { systemd, sent } = recorded(
      { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '2000' },
      aborted(isReleased.signal),
    )
    systemd?.startWatchdog(() => true)
    await delay(50)
    systemd?.stopWatchdog()
    isReleased.abort()
    await delay(50)
    assert.equal(sent.length, 1)
  })

  it('does not beat when nobody watches', async () => {
    const { systemd, sent } = recorded({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '2000', WATCHDOG_PID: '8' })
    systemd?.startWatchdog(refuse)
    await delay(20)
    assert.deepEqual(sent, [])
  })
})

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

/** How many there are, once what is under way has arrived. */
async function settled(sent: readonly string[]): Promise<number> {
  await delay(1)
  return sent.length
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'in time')
    await delay(5)
  }
}
