import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { digestOf } from '../registry/digest.ts'
import { storagePath } from '../storage/driver.ts'
import { chainOf, endOf, markerOf, newPartName, parseMarker, type Segment } from './segment.ts'

const digests = ['sha256', 'sha384', 'sha512'] as const

/** Positions from so few that segments race, overlap and leave gaps. */
const segment: fc.Arbitrary<Segment> = fc
  .record({
    offset: fc.nat({ max: 6 }),
    length: fc.integer({ min: 1, max: 4 }),
    digest: fc
      .tuple(fc.nat({ max: 3 }), fc.constantFrom(...digests))
      .map(([content, algorithm]) => digestOf(Uint8Array.of(content), algorithm)),
    whole: fc.boolean(),
    part: fc.nat({ max: 0xffff }).map((number) => number.toString(16).padStart(20, '0')),
  })
  .map(({ length, ...rest }) => ({ ...rest, end: rest.offset + length }))

const segments = fc.array(segment, { maxLength: 12 })

/** As a listing of their markers has them. */
function listed(unordered: readonly Segment[]): Segment[] {
  return unordered
    .map(markerOf)
    .toSorted()
    .map((name) => parseMarker(name) as Segment)
}

void test('a marker says all of a segment, in a name that any store takes', () => {
  const large = fc.integer({ min: 0, max: 2 ** 49 })
  fc.assert(
    fc.property(segment, large, ({ digest, whole, part }, offset) => {
      const moved = { offset, end: offset + 1, digest, whole, part }
      const name = markerOf(moved)
      assert.deepEqual(parseMarker(name), moved)
      assert.equal(storagePath(`segments/${name}`), `segments/${name}`)
    }),
  )
})

void test('markers sort as their ends do', () => {
  fc.assert(
    fc.property(segments, (some) => {
      const ends = listed(some).map(({ end }) => end)
      assert.deepEqual(
        ends,
        ends.toSorted((a, b) => a - b),
      )
    }),
  )
})

void test("no name of ours parses as a UUID, which Distribution's purger would take for an upload", () => {
  const uuid = /^(?:urn:uuid:|\{)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i
  for (let count = 0; count < 1000; count++) assert.doesNotMatch(newPartName(), uuid)
  fc.assert(fc.property(segment, (each) => assert.doesNotMatch(markerOf(each), uuid)))
})

void test('names that are no markers are no segments', () => {
  const good = markerOf({
    offset: 0,
    end: 5,
    digest: digestOf(Buffer.from('x')),
    whole: true,
    part: newPartName(),
  })
  assert.notEqual(parseMarker(good), undefined)
  for (const name of [
    '',
    'data',
    `${good}.tmp`,
    ` ${good}`,
    good.slice(1),
    good.replace('-w-', '-x-'),
    good.replace('sha256', 'sha999'),
    good.replace('sha256', 'sha512'),
    good.toUpperCase(),
    good.replace(/-w-.*/, '-w-../../x'),
  ])
    assert.equal(parseMarker(name), undefined, name)
})

void test('a marker without bytes, or that ends before it begins, does not count', () => {
  const base = { digest: digestOf(Buffer.from('x')), whole: true, part: newPartName() }
  assert.equal(parseMarker(markerOf({ ...base, offset: 3, end: 3 })), undefined)
  assert.equal(parseMarker(markerOf({ ...base, offset: 3, end: 2 })), undefined)
})

void test('the chain begins at 0, has no gaps, and goes on as far as it can', () => {
  fc.assert(
    fc.property(segments, (some) => {
      const chain = chainOf(listed(some))
      let position = 0
      for (const { offset, end } of chain) {
        assert.equal(offset, position)
        assert.ok(end > position)
        position = end
      }
      assert.equal(endOf(chain), position)
      assert.ok(!some.some(({ offset }) => offset === position))
    }),
    { numRuns: 1000 },
  )
})

void test('at each position the whole segment counts, else a broken-off one; of equals the first name', () => {
  fc.assert(
    fc.property(segments, (some) => {
      for (const chosen of chainOf(listed(some))) {
        const rivals = some.filter(({ offset }) => offset === chosen.offset)
        const better = rivals.filter(({ whole }) => whole)
        const names = (better.length > 0 ? better : rivals).map(markerOf).toSorted()
        assert.equal(markerOf(chosen), names[0])
      }
    }),
    { numRuns: 1000 },
  )
})

void test('every process sees the same chain, whatever order the segments came in', () => {
  fc.assert(
    fc.property(
      segments.chain((some) =>
        fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
      ),
      ([some, shuffled]) => assert.deepEqual(chainOf(listed(shuffled)), chainOf(listed(some))),
    ),
  )
})

void test('what a client was told that it sent stays, whatever arrives later in other places', () => {
  fc.assert(
    fc.property(segments, segment, (some, late) => {
      const chain = chainOf(listed(some))
      fc.pre(late.offset >= endOf(chain))
      const after = chainOf(listed([...some, late]))
      assert.deepEqual(after.slice(0, chain.length), chain)
    }),
    { numRuns: 1000 },
  )
})

void test('a broken-off segment that arrives late never displaces a whole one', () => {
  fc.assert(
    fc.property(segments, segment, (some, late) => {
      const chain = chainOf(listed(some))
      fc.pre(chain.every(({ whole }) => whole))
      const after = chainOf(listed([...some, { ...late, whole: false }]))
      assert.deepEqual(after.slice(0, chain.length), chain)
    }),
    { numRuns: 1000 },
  )
})
