import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { FairQueue } from './fair-queue.ts'

function drained<T>(queue: FairQueue<T>): T[] {
  const items: T[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) items.push(item)
  return items
}

describe('a fair queue', () => {
  it('lets its lanes take turns, each in its own order', () => {
    const queue = new FairQueue<string>({ perLane: 10, altogether: 100 })
    for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) queue.add(item.charAt(0), item)
    assert.equal(queue.size, 7)
    assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
    assert.equal(queue.size, 0)
  })

  it('lets whoever comes late have the next turn but those of the other lanes', () => {
    const queue = new FairQueue<string>({ perLane: 10, altogether: 100 })
    for (const item of ['a1', 'a2', 'a3']) queue.add('a', item)
    assert.equal(queue.take(), 'a1')
    queue.add('b', 'b1')
    assert.deepEqual(drained(queue), ['a2', 'b1', 'a3'])
  })

  it('refuses more than a lane may hold', () => {
    const queue = new FairQueue<string>({ perLane: 2, altogether: 100 })
    assert.deepEqual(
      ['a1', 'a2', 'a3'].map((item) => queue.add('a', item)),
      ['waits', 'waits', 'refused'],
    )
    assert.equal(queue.add('b', 'b1'), 'waits')
    assert.deepEqual(drained(queue), ['a1', 'b1', 'a2'])
  })

  it('makes room for a short lane from the end of the longest', () => {
    const queue = new FairQueue<string>({ perLane: 10, altogether: 4 })
    for (const item of ['a1', 'b1', 'b2', 'b3']) queue.add(item.charAt(0), item)
    assert.deepEqual(queue.add('c', 'c1'), { displaced: 'b3' })
    assert.equal(queue.add('b', 'b3'), 'refused')
    assert.equal(queue.add('a', 'a2'), 'refused')
    assert.deepEqual(queue.add('d', 'd1'), { displaced: 'b2' })
    // Now all are alike.
    assert.equal(queue.add('e', 'e1'), 'refused')
    assert.equal(queue.size, 4)
    assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'd1'])
  })

  it('is never over its limits, loses nobody, and serves each lane once in a round', () => {
    const step = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constant('take'))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new FairQueue<string>({ perLane: 4, altogether: 9 })
        let waiting: string[] = []
        for (const [index, lane] of steps.entries()) {
          if (lane === 'take') {
            const item = queue.take()
            assert.equal(item === undefined, waiting.length === 0)
            waiting = waiting.filter((other) => other !== item)
          } else {
            const item = `${lane}${index}`
            const placed = queue.add(lane, item)
            if (placed === 'refused') continue
            waiting.push(item)
            if (placed !== 'waits') waiting = waiting.filter((other) => other !== placed.displaced)
          }
          assert.equal(queue.size, waiting.length)
          assert.ok(waiting.length <= 9)
          for (const name of 'abcde') {
            assert.ok(waiting.filter((item) => item.startsWith(name)).length <= 4)
          }
        }
        const lanes = new Set(waiting.map((item) => item.charAt(0)))
        const rest = drained(queue)
        assert.deepEqual(rest.toSorted(), waiting.toSorted())
        assert.equal(new Set(rest.slice(0, lanes.size).map((item) => item.charAt(0))).size, lanes.size)
      }),
    )
  })
})
