import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreProblem } from '../../storage/store-problem.ts'
import { SelfTest } from './self-test.ts'

/** A self test that meets these problems, one after the other, and then none; and what it logs. */
function selfTest(...problems: readonly (Error | undefined)[]): {
  test: SelfTest
  lines: string[]
  until: (line: string) => Promise<void>
} {
  const lines: string[] = []
  const waiting = new Map<string, () => void>()
  const add = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
    for (const [part, done] of waiting) if (message.includes(part)) done()
  }
  const log = { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') }
  const left = [...problems]
  const test = new SelfTest({
    log,
    pause: 1,
    test: async (warn) => {
      const problem = left.shift()
      if (problem !== undefined) throw problem
      warn('a doubt')
    },
  })
  const until = (line: string): Promise<void> =>
    new Promise((resolve) => {
      // The timer alone does not keep a process alive.
      const alive = setTimeout(() => {}, 10_000)
      waiting.set(line, () => {
        clearTimeout(alive)
        resolve()
      })
    })
  return { test, lines, until }
}

describe('the self test of the store at the start', () => {
  it('ends the start for what somebody has to correct', async () => {
    const { test, lines } = selfTest(new StoreProblem('there is no bucket'))
    await assert.rejects(test.start(), { message: 'there is no bucket' })
    assert.deepEqual(lines, [])
  })

  it('tells of doubts, and goes on', async () => {
    const { test, lines } = selfTest()
    await test.start()
    assert.deepEqual(lines, ['warn storage {"warning":"a doubt"}'])
  })

  it('lets a store that is down come back, and looks until then', async () => {
    const down = new StoreProblem('nothing listens', { mayPass: true })
    const { test, lines, until } = selfTest(down, down, new StoreProblem('no such bucket'), new Error('odd'))
    const usable = until('can be used now')
    await test.start()
    await usable
    test.stop()
    assert.deepEqual(
      lines.map((line) => line.replace(/ \{.*/, '')),
      [
        'warn the storage cannot be reached now: serving all the same, and looking again',
        'error the storage cannot be used',
        'error the storage cannot be tested',
        'warn storage',
        'info the storage can be used now',
      ],
    )
  })

  it('looks no more when it was stopped', async () => {
    const { test, lines } = selfTest(new StoreProblem('down', { mayPass: true }))
    await test.start()
    test.stop()
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(lines.length, 1)
  })
})
