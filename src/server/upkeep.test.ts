import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../registry/context.ts'
import { Upkeep } from './upkeep.ts'

const ignore = (): void => {}

interface Recorded {
  readonly log: Log
  readonly lines: (readonly [level: string, fields: object])[]
}

function recorder(): Recorded {
  const lines: Recorded['lines'] = []
  const log: Log = {
    debug: ignore,
    info: (fields) => lines.push(['info', fields]),
    warn: (fields) => lines.push(['warn', fields]),
    error: (fields) => lines.push(['error', fields]),
  }
  return { log, lines }
}

/** Lets time pass, and what then begins come to its end. */
function clock(t: TestContext): (milliseconds: number) => Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return async (milliseconds) => {
    t.mock.timers.tick(milliseconds)
    await turn()
  }
}

describe('upkeep', () => {
  it('runs each task after its delay, then again and again', async (t) => {
    const pass = clock(t)
    const { log, lines } = recorder()
    const upkeep = new Upkeep(log)
    const runs: string[] = []
    const task = (name: string, delay: number, interval: number, removed: number): void => {
      const run = async (): Promise<number> => {
        runs.push(name)
        return removed
      }
      upkeep.start([{ name, delay, interval, run }])
    }
    task('often', 0, 10, 0)
    task('rarely', 15, 100, 3)
    await pass(1)
    assert.deepEqual(runs, ['often'])
    await pass(9)
    assert.deepEqual(runs, ['often'])
    await pass(1)
    await pass(10)
    assert.deepEqual(runs, ['often', 'often', 'rarely', 'often'])
    assert.deepEqual(lines, [['info', { task: 'rarely', removed: 3 }]], 'what removed nothing says nothing')
    upkeep.stop()
  })

  it('runs again after a failure', async (t) => {
    const pass = clock(t)
    const { log, lines } = recorder()
    const upkeep = new Upkeep(log)
    const failure = new Error('no disk')
    let runs = 0
    const run = async (): Promise<number> => {
      runs++
      if (runs < 3) throw failure
      return 0
    }
    upkeep.start([{ name: 'fails', delay: 5, interval: 10, run }])
    await pass(5)
    await pass(10)
    await pass(10)
    assert.equal(runs, 3)
    const line = ['warn', { task: 'fails', err: failure }]
    assert.deepEqual(lines, [line, line])
    upkeep.stop()
  })

  it('begins an interval when a run ends, so that no two runs of a task overlap', async (t) => {
    const pass = clock(t)
    const upkeep = new Upkeep(recorder().log)
    const ends: (() => void)[] = []
    const run = (): Promise<number> => new Promise((resolve) => ends.push(() => resolve(0)))
    upkeep.start([{ name: 'slow', delay: 0, interval: 10, run }])
    await pass(1)
    await pass(1000)
    assert.equal(ends.length, 1)
    ends[0]?.()
    await turn()
    await pass(10)
    assert.equal(ends.length, 2)
    upkeep.stop()
  })

  it('stops: before a run, and while one is under way', async (t) => {
    const pass = clock(t)
    const waiting = new Upkeep(recorder().log)
    let runs = 0
    const count = async (): Promise<number> => ++runs
    waiting.start([{ name: 'waiting', delay: 10, interval: 10, run: count }])
    waiting.stop()
    await pass(100)
    assert.equal(runs, 0)

    const running = new Upkeep(recorder().log)
    let end: (() => void) | undefined
    const run = (): Promise<number> => new Promise((resolve) => (end = () => resolve(++runs)))
    running.start([{ name: 'running', delay: 0, interval: 10, run }])
    await pass(1)
    running.stop()
    end?.()
    await turn()
    await pass(100)
    assert.equal(runs, 1)
  })

  it('does not take a time that is too long for a timer for none', async () => {
    const upkeep = new Upkeep(recorder().log)
    let first = 0
    let second = 0
    const longest = 365 * 24 * 60 * 60 * 1000
    upkeep.start([
      { name: 'later', delay: longest, interval: 1, run: async () => ++first },
      { name: 'again later', delay: 0, interval: longest, run: async () => ++second },
    ])
    await sleep(60)
    upkeep.stop()
    assert.deepEqual([first, second], [0, 1])
  })
})
