import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { StreamBuffers } from '../util/stream-buffers.ts'
import { Gathering } from './gathering.ts'

const small = new StreamBuffers().size
const large = new StreamBuffers().take().length
/** Large buffers that may be in use at once. */
const most = countLarge(new StreamBuffers())

function countLarge(buffers: StreamBuffers): number {
  let count = 0
  while (count < 1000 && buffers.take().length === large) count++
  return count
}

/** Buffers that remember who has them. */
class Counted extends StreamBuffers {
  taken = 0
  given = 0
  dropped = 0

  override take(): Buffer {
    this.taken++
    return super.take()
  }

  override give(buffer: Buffer): void {
    if (buffer.length >= small) this.given++
    super.give(buffer)
    // The base class drops what it is given.
    if (buffer.length >= small) this.dropped--
  }

  override drop(buffer: Buffer): void {
    this.dropped++
    super.drop(buffer)
  }
}

/** Bytes of which no two neighbours are alike, as a socket hands them over: with memory of their own. */
function bytes(size: number, seed = 0): Buffer {
  const buffer = Buffer.allocUnsafeSlow(size)
  for (let at = 0; at < size; at++) buffer[at] = (at * 7 + seed * 13 + (at >> 8)) & 0xff
  return buffer
}

type Step = { readonly add: number } | 'take'

function total(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (step === 'take' ? 0 : step.add), 0)
}

/** Adds and takes as told, then takes the rest; every byte must come out once and in order, and stay while it is in hand. */
function check(steps: readonly Step[], expected: number | undefined): void {
  const buffers = new StreamBuffers()
  const gathering = new Gathering(buffers, expected)
  const sent: Buffer[] = []
  const received: Buffer[] = []
  let inHand: { readonly chunk: Uint8Array; readonly copy: Buffer } | undefined
  const stays = (): void => {
    if (inHand !== undefined)
      assert.ok(inHand.copy.equals(inHand.chunk), 'a chunk changed in its reader’s hand')
  }
  const take = (): void => {
    const { size } = gathering
    const chunk = gathering.take()
    assert.equal(chunk.length, size)
    inHand = { chunk, copy: Buffer.from(chunk) }
    received.push(inHand.copy)
  }
  for (const [seed, step] of steps.entries()) {
    if (step === 'take') {
      if (gathering.size > 0) take()
    } else {
      sent.push(bytes(step.add, seed))
      gathering.add(bytes(step.add, seed))
    }
    stays()
  }
  // A reader goes on while there is anything; nothing may be left where it does not see it.
  while (gathering.size > 0) {
    take()
    stays()
  }
  assert.ok(Buffer.concat(received).equals(Buffer.concat(sent)), 'what came is what was taken')
}

const stepsOf = (largest: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: largest }) }),
      fc.record({ add: fc.constantFrom(1, largest) }),
      fc.constant('take' as const),
    ),
    { maxLength },
  )

describe('gathering', () => {
  it('gives back all bytes in order, of a body whose length nobody says', () => {
    fc.assert(
      fc.property(stepsOf(65_536, 40), (steps) => check(steps, undefined)),
      { numRuns: 60 },
    )
  })

  it('gives back all bytes in order, of a body whose length is known', () => {
    fc.assert(
      fc.property(fc.oneof(stepsOf(5000, 20), stepsOf(65_536, 30)), (steps) => check(steps, total(steps))),
      { numRuns: 60 },
    )
  })

  it('keeps what found no room, in order', () => {
    const steps: Step[] = Array.from({ length: 30 }, () => ({ add: 65_536 }))
    check(steps, undefined)
    check([...steps, 'take', { add: 1 }, { add: 65_536 }, 'take', ...steps], undefined)
    // Larger than Node ever hands over, and larger than the room that is left.
    const part = Math.floor(large / 2) + 1
    check([{ add: part }, { add: part }, { add: 1 }, { add: large }, 'take', { add: 5 }], undefined)
  })

  it('has room until one more read of a socket might not fit', () => {
    const gathering = new Gathering(new StreamBuffers(), undefined)
    let reads = 0
    while (gathering.hasRoom) {
      gathering.add(bytes(65_536))
      reads++
    }
    assert.equal(reads, large / 65_536)
    gathering.add(bytes(1))
    assert.ok(!gathering.hasRoom)
    assert.equal(gathering.take().length, large)
    assert.equal(gathering.size, 1)
    assert.ok(gathering.hasRoom)
  })

  it('takes a buffer of its size for a small body, and none of the shared ones', () => {
    for (const size of [1, 1000, small]) {
      const buffers = new Counted()
      const gathering = new Gathering(buffers, size)
      gathering.add(bytes(size))
      assert.ok(gathering.hasRoom)
      assert.equal(gathering.take().buffer.byteLength, size)
      gathering.letGo(true)
      assert.equal(buffers.taken, 0)
    }
  })

  it('takes two buffers at most, and gives them back when its reader is done', () => {
    const buffers = new Counted()
    const gathering = new Gathering(buffers, undefined)
    for (let time = 0; time < 10; time++) {
      for (let read = 0; read < 3; read++) gathering.add(bytes(65_536))
      gathering.take()
    }
    assert.equal(buffers.taken, 2)
    gathering.letGo(true)
    assert.deepEqual([buffers.given, buffers.dropped], [2, 0])
    gathering.letGo(true)
    assert.equal(buffers.given, 2, 'once')
    assert.equal(gathering.size, 0)
  })

  it('gives nothing back that its reader may still look at', () => {
    const buffers = new Counted()
    const gathering = new Gathering(buffers, undefined)
    gathering.add(bytes(1000))
    const chunk = gathering.take()
    const copy = Buffer.from(chunk)
    gathering.add(bytes(1000, 1))
    gathering.letGo(false)
    assert.deepEqual([buffers.given, buffers.dropped], [0, 2])
    // As many large ones as ever: those that were dropped do not count as in use.
    for (let count = 0; count < most; count++) {
      const buffer = buffers.take()
      assert.equal(buffer.length, large)
      buffer.fill(0xff)
    }
    assert.ok(copy.equals(chunk))
  })

  it('shares large buffers among few: the streams after those have small ones', () => {
    const buffers = new StreamBuffers()
    const streams = Array.from({ length: most / 2 + 1 }, () => new Gathering(buffers, undefined))
    const lengths = streams.map((gathering) => {
      const seen: number[] = []
      for (let time = 0; time < 2; time++) {
        gathering.add(bytes(10))
        seen.push(gathering.take().buffer.byteLength)
      }
      return seen
    })
    assert.deepEqual(lengths, [...Array.from({ length: most / 2 }, () => [large, large]), [small, small]])
    streams[0]?.letGo(true)
    const next = new Gathering(buffers, undefined)
    next.add(bytes(10))
    assert.equal(next.take().buffer.byteLength, large)
  })
})
