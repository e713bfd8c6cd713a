import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { StreamBuffers } from './stream-buffers.ts'

const small = new StreamBuffers().size
const large = new StreamBuffers().take().length
/** Large ones that may be in use at once. */
const most = countLarge(new StreamBuffers())

function countLarge(buffers: StreamBuffers): number {
  let count = 0
  while (count < 1000 && buffers.take().length === large) count++
  return count
}

function takeSizes(buffers: StreamBuffers, count: number): number[] {
  return Array.from({ length: count }, () => buffers.take().length)
}

describe('stream buffers', () => {
  it('are large for the first streams, small for the others', () => {
    const buffers = new StreamBuffers()
    assert.ok(small < large)
    assert.ok(most >= 2 && most * large <= 32 * 1024 * 1024, 'many streams at once must stay within bounds')
    assert.deepEqual(takeSizes(buffers, most), Array(most).fill(large))
    assert.deepEqual(takeSizes(buffers, 20), Array(20).fill(small))
  })

  it('are used again when given back', () => {
    const buffers = new StreamBuffers()
    const taken = Array.from({ length: most + 1 }, () => buffers.take())
    const first = taken[0] ?? Buffer.alloc(0)
    const last = taken.at(-1) ?? Buffer.alloc(0)
    buffers.give(last)
    assert.equal(buffers.take(), last, 'a small one gives no room for a large one')
    buffers.give(first)
    assert.equal(buffers.take(), first)
    assert.equal(buffers.take().length, small)
  })

  it('that are dropped make room, and are not used again', () => {
    const buffers = new StreamBuffers()
    const taken = new Set(Array.from({ length: most }, () => buffers.take()))
    for (const buffer of taken) buffers.drop(buffer)
    for (let count = 0; count < most; count++) {
      const buffer = buffers.take()
      assert.equal(buffer.length, large)
      assert.ok(!taken.has(buffer))
      taken.add(buffer)
    }
    assert.equal(buffers.take().length, small)
  })

  it('of another size come and go without a trace', () => {
    const buffers = new StreamBuffers()
    const own = Buffer.alloc(100)
    buffers.give(own)
    buffers.drop(own)
    buffers.give(Buffer.alloc(0))
    assert.deepEqual(takeSizes(buffers, most + 1), [...Array(most).fill(large), small])
  })

  it('are never in two hands, nor more than are allowed, however they come and go', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('take', 'take', 'give', 'drop', 'foreign'), fc.nat({ max: 100 })),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(steps, (drawn) => {
        const buffers = new StreamBuffers()
        const out: Buffer[] = []
        const dropped = new Set<Buffer>()
        const largeOut = (): number => out.filter((buffer) => buffer.length === large).length
        for (const [step, number] of drawn) {
          if (step === 'take') {
            const expected = largeOut() < most ? large : small
            const buffer = buffers.take()
            assert.equal(buffer.length, expected)
            assert.ok(!out.includes(buffer) && !dropped.has(buffer))
            out.push(buffer)
          } else if (step === 'foreign') buffers.give(Buffer.alloc(number))
          else if (out.length > 0) {
            const [buffer] = out.splice(number % out.length, 1)
            assert.ok(buffer)
            buffers[step](buffer)
            if (step === 'drop') dropped.add(buffer)
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})
