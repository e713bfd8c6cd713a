import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { FairQueue, type Place } from './fair-queue.ts'

function drained<T>(queue: FairQueue<T>): T[] {
  const items: T[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) items.push(item)
  return items
}

/** `na1`: the first of address a in network n. */
function placeOf(item: string): Place {
  return { network: item.charAt(0), address: item.slice(0, 2) }
}

function queueOf(
  items: readonly string[],
  { perAddress = 10, altogether = 100 }: { readonly perAddress?: number; readonly altogether?: number } = {},
): FairQueue<string> {
  const queue = new FairQueue<string>({ perAddress, altogether: () => altogether })
  for (const item of items) assert.deepEqual(queue.add(placeOf(item), item), [])
  return queue
}

describe('a fair queue', () => {
  it('lets networks take turns, and in each its addresses, and those in their own order', () => {
    const queue = queueOf(['na1', 'na2', 'na3', 'nb1', 'ma1', 'ma2', 'oc1'])
    assert.equal(queue.size, 7)
    assert.deepEqual(drained(queue), ['na1', 'ma1', 'oc1', 'nb1', 'ma2', 'na2', 'na3'])
    assert.equal(queue.size, 0)
  })

  it('lets whoever comes late have the next turn but those of the other networks', () => {
    const queue = queueOf(['na1', 'na2', 'nb1'])
    assert.equal(queue.take(), 'na1')
    queue.add(placeOf('ma1'), 'ma1')
    assert.deepEqual(drained(queue), ['nb1', 'ma1', 'na2'])
  })

  it('refuses more than an address may have', () => {
    const queue = queueOf(['na1', 'na2'], { perAddress: 2 })
    assert.deepEqual(queue.add(placeOf('na3'), 'na3'), ['na3'])
    assert.deepEqual(queue.add(placeOf('nb1'), 'nb1'), [])
    assert.deepEqual(drained(queue), ['na1', 'nb1', 'na2'])
  })

  it('makes room from the end of the longest of the network that has most', () => {
    const queue = queueOf(['na1', 'na2', 'nb1', 'ma1', 'ma2'], { altogether: 5 })
    assert.deepEqual(queue.add(placeOf('oa1'), 'oa1'), ['na2'])
    assert.deepEqual(queue.add(placeOf('ma3'), 'ma3'), ['ma3'], 'its own has most')
    assert.deepEqual(queue.add(placeOf('mb1'), 'mb1'), ['ma2'])
    // Two, two, one.
    assert.deepEqual(queue.add(placeOf('ob1'), 'ob1'), ['oa1'], 'its own, rather than that of equals')
    assert.deepEqual(drained(queue), ['na1', 'ma1', 'ob1', 'nb1', 'mb1'])
  })

  it('has room for whoever comes, in place of the first, when all are strangers to each other', () => {
    const queue = queueOf(['na1', 'ma1', 'oa1'], { altogether: 3 })
    assert.deepEqual(queue.add(placeOf('pa1'), 'pa1'), ['na1'])
    assert.deepEqual(queue.add(placeOf('qa1'), 'qa1'), ['ma1'])
    assert.deepEqual(drained(queue), ['oa1', 'pa1', 'qa1'])
  })

  it('lets several go when the room has become less', () => {
    let altogether = 6
    const queue = new FairQueue<string>({ perAddress: 4, altogether: () => altogether })
    for (const item of ['na1', 'na2', 'na3', 'na4', 'ma1']) queue.add(placeOf(item), item)
    altogether = 3
    assert.deepEqual(queue.add(placeOf('oa1'), 'oa1'), ['na4', 'na3', 'na2'])
    assert.deepEqual(drained(queue), ['na1', 'ma1', 'oa1'])
  })

  it('is never over its limits, loses nobody, and serves each network once in a round', () => {
    const places = ['na', 'nb', 'nc', 'ma', 'mb', 'oa', 'pa', 'qa', 'ra', 'sa', 'ta', 'ua', 'va']
    const step = fc.oneof(fc.constantFrom(...places), fc.constant('take'))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new FairQueue<string>({ perAddress: 4, altogether: () => 9 })
        let waiting: string[] = []
        for (const [index, address] of steps.entries()) {
          if (address === 'take') {
            const item = queue.take()
            assert.equal(item === undefined, waiting.length === 0)
            waiting = waiting.filter((other) => other !== item)
          } else {
            const item = `${address}${index}`
            const isNew = !waiting.some((other) => other.startsWith(item.charAt(0)))
            const displaced = queue.add(placeOf(item), item)
            assert.ok(displaced.length <= 1)
            assert.ok(!isNew || displaced[0] !== item, 'a network that had none gets a place')
            waiting = [...waiting, item].filter((other) => !displaced.includes(other))
          }
          assert.equal(queue.size, waiting.length)
          assert.ok(waiting.length <= 9)
          for (const name of places) assert.ok(waiting.filter((item) => item.startsWith(name)).length <= 4)
        }
        const networks = new Set(waiting.map((item) => item.charAt(0)))
        const rest = drained(queue)
        assert.deepEqual(rest.toSorted(), waiting.toSorted())
        assert.equal(new Set(rest.slice(0, networks.size).map((item) => item.charAt(0))).size, networks.size)
      }),
    )
  })
})
