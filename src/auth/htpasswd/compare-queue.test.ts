import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { RegistryError } from '../../registry/errors.ts'
import { CompareQueue } from './compare-queue.ts'

/** Compares that end when they are told to. */
class Work {
  readonly started: string[] = []
  readonly #ends: (() => void)[] = []
  readonly #queue: CompareQueue

  constructor(queue: CompareQueue) {
    this.#queue = queue
  }

  /** Gives what became of it. `a1` comes from `a`, other names are addresses. */
  async add(name: string, isKnown: boolean = false): Promise<string> {
    try {
      await this.#queue.run({ address: name.replace(/^([a-z])\d+$/, '$1'), isKnown }, () => {
        this.started.push(name)
        return new Promise<void>((resolve) => this.#ends.push(resolve))
      })
      return 'done'
    } catch (error) {
      assert.ok(error instanceof RegistryError)
      return `${error.code} ${error.retryAfter}`
    }
  }

  async end(count: number = 1): Promise<void> {
    for (let index = 0; index < count; index++) {
      this.#ends.shift()?.()
      await turn()
    }
  }

  get running(): number {
    return this.#ends.length
  }
}

function fail(): Promise<never> {
  return Promise.reject(new Error('out of memory'))
}

describe('compares of passwords', () => {
  it('are two at a time, in turns by address', async () => {
    const work = new Work(new CompareQueue())
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1'].map((name) => work.add(name))
    await turn()
    assert.deepEqual(work.started, ['a1', 'a2'])
    await work.end()
    assert.deepEqual(work.started, ['a1', 'a2', 'a3'])
    await work.end(3)
    assert.deepEqual(work.started, ['a1', 'a2', 'a3', 'b1', 'c1', 'a4'])
    assert.equal(work.running, 2)
    await work.end(2)
    assert.deepEqual(await Promise.all(all), Array(6).fill('done'))
  })

  it('are refused beyond sixteen that wait of one address, and others are not', async () => {
    const work = new Work(new CompareQueue())
    const all = Array.from({ length: 20 }, (_, index) => work.add(`a${index}`))
    const other = work.add('b')
    await work.end(30)
    const outcomes = await Promise.all(all)
    assert.equal(outcomes.filter((outcome) => outcome === 'done').length, 18)
    assert.equal(outcomes.filter((outcome) => outcome === 'TOO_MANY_REQUESTS 2').length, 2)
    assert.equal(await other, 'done')
  })

  it('are a few hundred at most, of which a newcomer gets a place', async () => {
    const work = new Work(new CompareQueue({ perAddress: 4, altogether: 8 }))
    const all = ['a', 'a', 'b', 'b', 'b', 'b', 'c', 'c', 'c', 'c'].map((name) => work.add(name))
    const newcomer = work.add('d')
    await work.end(20)
    assert.equal(await newcomer, 'done')
    assert.equal((await Promise.all(all)).filter((outcome) => outcome !== 'done').length, 1)
  })

  it('of as many networks as there are do not keep the next one out', async () => {
    const work = new Work(new CompareQueue())
    const flood = (length: number): Promise<string>[] =>
      Array.from({ length }, (_, index) => work.add(`6.${length}.${index}.1`))
    const before = flood(300)
    await turn()
    const newcomer = work.add('192.0.2.1')
    const after = flood(30)
    await work.end(100)
    assert.equal(await newcomer, 'done')
    assert.ok((await Promise.all(before)).filter((outcome) => outcome === 'done').length <= 42)
    await Promise.all(after)
  })

  it('of one network of many addresses do not keep others out', async () => {
    const work = new Work(new CompareQueue())
    const all = Array.from({ length: 300 }, (_, index) => work.add(`2001:db8:1:${index}::/64`))
    await turn()
    const newcomer = work.add('192.0.2.1')
    all.push(...Array.from({ length: 300 }, (_, index) => work.add(`2001:db8:1:f${index}::/64`)))
    await work.end(3)
    assert.ok(work.started.slice(0, 5).includes('192.0.2.1'))
    await work.end(100)
    assert.equal(await newcomer, 'done')
    await Promise.all(all)
  })

  it('have room for as many as are served in two seconds', async () => {
    let time = 0
    const queue = new CompareQueue({ now: () => time })
    const crowd = async (milliseconds: number): Promise<number> => {
      const ends: (() => void)[] = []
      const outcomes = Array.from({ length: 500 }, async (_, index) => {
        try {
          await queue.run({ address: `6.6.${index}.1`, isKnown: false }, () => {
            return new Promise<void>((resolve) => ends.push(resolve))
          })
          return 1
        } catch {
          return 0
        }
      })
      await turn()
      while (ends.length > 0) {
        time += milliseconds
        for (const end of ends.splice(0)) end()
        await turn()
      }
      return (await Promise.all<number>(outcomes)).reduce((sum, one) => sum + one, 0)
    }
    assert.equal(await crowd(800), 42, 'before any is measured')
    for (let round = 0; round < 5; round++) await crowd(800)
    assert.equal(await crowd(800), 10, 'two that run, and the least that wait')
    for (let round = 0; round < 30; round++) await crowd(20)
    assert.equal(await crowd(20), 2 + 200)
  })

  it('of known users do not wait for those of unknown ones', async () => {
    const work = new Work(new CompareQueue({ altogether: 4 }))
    const guesses = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => work.add(name))
    const known = work.add('k', true)
    await turn()
    await work.end()
    assert.deepEqual(work.started, ['a', 'b', 'k'])
    await work.end(10)
    assert.equal(await known, 'done')
    assert.equal((await Promise.all(guesses)).filter((outcome) => outcome === 'done').length, 6)
  })

  it('that fail make room as others do', async () => {
    const queue = new CompareQueue({ atOnce: 1 })
    const waiting = { address: 'a', isKnown: false }
    const outcomes = await Promise.allSettled([
      queue.run(waiting, fail),
      queue.run(waiting, fail),
      queue.run(waiting, async () => true),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected', 'fulfilled'],
    )
    assert.equal(await queue.run(waiting, async () => true), true)
  })
})
