import { randomBytes } from 'node:crypto'
import { algorithmOf, hexOf, isDigest, type Digest } from '../registry/digest.ts'

/**
 * What one request added to an upload: the bytes `offset` to `end` (excluded), which lie in `part-PART`.
 *
 * A segment is an empty object whose name says all of this, so that one listing tells the state of an upload. It never
 * changes once written; requests that race write segments of their own, and `chainOf` says which of them count.
 */
export interface Segment {
  readonly offset: number
  readonly end: number
  /** Of the part's bytes. */
  readonly digest: Digest
  /** False when the client broke off, so that a whole segment at the same offset is to be preferred. */
  readonly whole: boolean
  readonly part: string
}

/** Enough for a petabyte; equal lengths make names sort as their numbers do. */
const digits = 16
const pattern = new RegExp(`^(\\d{${digits}})-(\\d{${digits}})-(sha\\d{3})-([0-9a-f]+)-([wb])-([0-9a-f]+)$`)

/** A name for a part. Shorter than a UUID: Distribution's purger takes whatever parses as one for an upload. */
export function newPartName(): string {
  return randomBytes(10).toString('hex')
}

/** The name of a segment's marker: END-OFFSET-ALG-HEX-STATE-PART. */
export function markerOf(segment: Segment): string {
  return [
    padded(segment.end),
    padded(segment.offset),
    algorithmOf(segment.digest),
    hexOf(segment.digest),
    segment.whole ? 'w' : 'b',
    segment.part,
  ].join('-')
}

/** The inverse of `markerOf`; undefined for a name that is no marker. */
export function parseMarker(name: string): Segment | undefined {
  const match = pattern.exec(name)
  if (match === null) return undefined
  const [, end, offset, algorithm, hex, state, part] = match
  const digest = `${algorithm}:${hex}`
  if (!isDigest(digest) || part === undefined) return undefined
  const segment = { offset: Number(offset), end: Number(end), digest, whole: state === 'w', part }
  // A segment without bytes would make the chain stand still.
  return segment.end > segment.offset ? segment : undefined
}

/**
 * The segments that count: from 0 on, at each position the whole one, else the broken-off one; ties by name.
 *
 * @param segments of one upload, in the order of their markers' names
 * @param from the end of what counts before them
 */
export function chainOf(segments: readonly Segment[], from: number = 0): readonly Segment[] {
  const best = new Map<number, Segment>()
  for (const segment of segments) {
    const other = best.get(segment.offset)
    if (other === undefined || (segment.whole && !other.whole)) best.set(segment.offset, segment)
  }
  const chain: Segment[] = []
  for (let next = best.get(from); next !== undefined; next = best.get(next.end)) chain.push(next)
  return chain
}

/** What sorts right before the markers of segments that end at `offset`, and after all that end before it. */
export function endMark(offset: number): string {
  return padded(offset)
}

/** Whether two requests sent other bytes for the same place, of which only one can count. */
export function areRivals(one: Segment, other: Segment): boolean {
  const isSamePlace = one.offset === other.offset && one.whole && other.whole
  return isSamePlace && one.part !== other.part && !(one.end === other.end && one.digest === other.digest)
}

/** Where a chain ends: the number of bytes that the upload has. */
export function endOf(chain: readonly Segment[]): number {
  return chain.at(-1)?.end ?? 0
}

function padded(number: number): string {
  return String(number).padStart(digits, '0')
}
