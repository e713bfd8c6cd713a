import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../registry/context.ts'
import type { Check } from './check.ts'
import { Health } from './health.ts'

const ignore = (): void => {}

type Line = readonly [level: string, message: string, fields: object]

function recorder(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = []
  const log: Log = {
    debug: ignore,
    info: (fields, message) => lines.push(['info', message, fields]),
    warn: (fields, message) => lines.push(['warn', message, fields]),
    error: (fields, message) => lines.push(['error', message, fields]),
  }
  return { log, lines }
}

/** Lets time pass, in steps of the shortest interval used here, and what then begins come to its end. */
function clock(t: TestContext): (milliseconds: number) => Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] })
  return async (milliseconds) => {
    for (let passed = 0; passed < milliseconds; passed += 500) {
      t.mock.timers.tick(Math.min(500, milliseconds - passed))
      await turn()
    }
  }
}

/** A check whose outcomes are given one by one; the last one stays. */
function scripted(
  outcomes: readonly (string | undefined)[],
  options: Partial<Check> = {},
): Check & { runs: number } {
  const check = {
    name: 'scripted',
    interval: 1000,
    threshold: 0,
    limit: 10_000,
    ...options,
    runs: 0,
    async run(): Promise<void> {
      const outcome = outcomes[Math.min(check.runs++, outcomes.length - 1)]
      if (outcome !== undefined) throw new Error(outcome)
    },
  }
  return check
}

/** A check that never ends by itself. */
function hanging(
  options: Partial<Check> = {},
): Check & { readonly ends: ((failure?: Error) => void)[]; aborted: number } {
  const check = {
    name: 'hanging',
    interval: 1000,
    threshold: 0,
    limit: 3000,
    ...options,
    ends: [] as ((failure?: Error) => void)[],
    aborted: 0,
    async run(signal: AbortSignal): Promise<void> {
      signal.addEventListener('abort', () => check.aborted++)
      await new Promise<void>((resolve, reject) => {
        check.ends.push((failure) => (failure === undefined ? resolve() : reject(failure)))
      })
    },
  }
  return check
}

describe('health', () => {
  it('looks first after one interval, and is healthy until then', async (t) => {
    const pass = clock(t)
    const check = scripted(['broken'])
    const health = new Health([check], recorder().log)
    health.start()
    await pass(999)
    assert.equal(check.runs, 0)
    assert.equal(health.isHealthy, true)
    assert.deepEqual(health.failures, {})
    await pass(1)
    assert.equal(check.runs, 1)
    assert.equal(health.isHealthy, false)
    assert.deepEqual(health.failures, { scripted: 'broken' })
    health.stop()
  })

  it('takes ten seconds for an interval of 0', async (t) => {
    const pass = clock(t)
    const check = scripted([undefined], { interval: 0 })
    const health = new Health([check], recorder().log)
    health.start()
    await pass(9_999)
    assert.equal(check.runs, 0)
    await pass(1)
    assert.equal(check.runs, 1)
    health.stop()
  })

  for (const threshold of [-1, 0, 1]) {
    it(`counts the first failure with a threshold of ${threshold}`, async (t) => {
      const pass = clock(t)
      const health = new Health([scripted(['broken'], { threshold })], recorder().log)
      health.start()
      await pass(1000)
      assert.equal(health.isHealthy, false)
      health.stop()
    })
  }

  it('counts failures in a row: a success begins anew, and makes healthy at once', async (t) => {
    const pass = clock(t)
    const outcomes = ['a', 'b', undefined, 'c', 'd', 'e', undefined, 'f']
    const health = new Health([scripted(outcomes, { threshold: 3 })], recorder().log)
    health.start()
    const seen: (string | undefined)[] = []
    for (const _ of outcomes) {
      await pass(1000)
      seen.push(health.failures['scripted'])
    }
    assert.deepEqual(seen, [undefined, undefined, undefined, undefined, undefined, 'e', undefined, undefined])
    health.stop()
  })

  it('tells the latest reason, and logs each change once', async (t) => {
    const pass = clock(t)
    const { log, lines } = recorder()
    const health = new Health([scripted(['one', 'two', 'two', undefined, undefined, 'three'])], log)
    health.start()
    await pass(2000)
    assert.deepEqual(health.failures, { scripted: 'two' })
    await pass(4000)
    assert.deepEqual(lines, [
      ['warn', 'health check is failing', { check: 'scripted', reason: 'one' }],
      ['info', 'health check passes again', { check: 'scripted' }],
      ['warn', 'health check is failing', { check: 'scripted', reason: 'three' }],
    ])
    health.stop()
  })

  it('is unhealthy while any one check fails', async (t) => {
    const pass = clock(t)
    const health = new Health(
      [scripted([undefined]), scripted(['broken', undefined], { name: 'other' })],
      recorder().log,
    )
    assert.deepEqual(health.names, ['scripted', 'other'])
    health.start()
    await pass(1000)
    assert.deepEqual(health.failures, { other: 'broken' })
    await pass(1000)
    assert.equal(health.isHealthy, true)
    health.stop()
  })

  it('tells two checks of the same name apart', async (t) => {
    const pass = clock(t)
    const health = new Health([scripted(['one']), scripted(['two'])], recorder().log)
    assert.deepEqual(health.names, ['scripted', 'scripted (2)'])
    health.start()
    await pass(1000)
    assert.deepEqual(health.failures, { scripted: 'one', 'scripted (2)': 'two' })
    health.stop()
  })

  it('counts a hanging check as failing, and begins no other run of it', async (t) => {
    const pass = clock(t)
    const check = hanging({ threshold: 3 })
    const health = new Health([check], recorder().log)
    health.start()
    await pass(1000 + 2999)
    assert.deepEqual([check.ends.length, check.aborted, health.isHealthy], [1, 0, true])
    await pass(1)
    assert.equal(check.aborted, 1, 'told at its limit')
    assert.equal(health.isHealthy, true, 'one failure of three')
    await pass(2000)
    assert.deepEqual(health.failures, { hanging: 'no answer for 5 s' })
    await pass(60_000)
    assert.equal(check.ends.length, 1)
    health.stop()
  })

  it('does not believe an answer that comes too late, but asks again', async (t) => {
    const pass = clock(t)
    const check = hanging()
    const health = new Health([check], recorder().log)
    health.start()
    await pass(4000)
    assert.deepEqual(health.failures, { hanging: 'no answer for 3 s' })
    check.ends[0]?.()
    await turn()
    assert.equal(health.isHealthy, false)
    await pass(1000)
    check.ends[1]?.()
    await turn()
    assert.equal(health.isHealthy, true)
    health.stop()
  })

  it('leaves turns out for a check that is slower than its interval', async (t) => {
    const pass = clock(t)
    const check = hanging({ limit: 10_000 })
    const health = new Health([check], recorder().log)
    health.start()
    await pass(3500)
    assert.equal(check.ends.length, 1)
    assert.equal(health.isHealthy, true)
    check.ends[0]?.()
    await turn()
    await pass(500)
    assert.equal(check.ends.length, 2)
    assert.equal(health.isHealthy, true)
    health.stop()
  })

  it('stops: what runs is given up and told nothing of', async (t) => {
    const pass = clock(t)
    const { log, lines } = recorder()
    const check = hanging()
    const health = new Health([check], log)
    health.start()
    await pass(1000)
    health.stop()
    assert.equal(check.aborted, 1)
    check.ends[0]?.(new Error('aborted'))
    await pass(60_000)
    assert.equal(check.ends.length, 1)
    assert.deepEqual(lines, [])
    assert.equal(health.isHealthy, true)
  })

  it('goes on with other checks, and keeps what it knows of those that stay', async (t) => {
    const pass = clock(t)
    const { log, lines } = recorder()
    const health = new Health([scripted(['broken']), scripted(['down'], { name: 'gone' })], log)
    health.start()
    await pass(1000)
    assert.deepEqual(health.failures, { scripted: 'broken', gone: 'down' })
    lines.length = 0
    const next = scripted(['still broken', undefined], { interval: 2000 })
    health.replace([next, scripted([undefined], { name: 'new' })])
    assert.deepEqual(health.names, ['scripted', 'new'])
    assert.deepEqual(health.failures, { scripted: 'broken' })
    await pass(2000)
    assert.equal(next.runs, 1)
    assert.deepEqual(health.failures, { scripted: 'still broken' })
    assert.deepEqual(lines, [], 'it was failing before')
    await pass(2000)
    assert.equal(health.isHealthy, true)
    health.stop()
  })

  it('goes on counting the failures of a check that stays', async (t) => {
    const pass = clock(t)
    const health = new Health([scripted(['broken'], { threshold: 3 })], recorder().log)
    health.start()
    await pass(2000)
    health.replace([scripted(['broken'], { threshold: 3 })])
    assert.equal(health.isHealthy, true)
    await pass(1000)
    assert.equal(health.isHealthy, false)
    health.stop()
  })

  it('is not started by other checks', async (t) => {
    const pass = clock(t)
    const health = new Health([], recorder().log)
    const check = scripted(['broken'])
    health.replace([check])
    await pass(5000)
    assert.equal(check.runs, 0)
  })
})
