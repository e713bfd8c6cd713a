import parseRange from 'range-parser'
import type { ByteRange } from '../registry/registry.ts'

/** More ranges than any client needs; a request for more is answered with the whole. */
const maxRanges = 64

/**
 * The ranges that a `Range` header asks for (RFC 9110, 14.2).
 *
 * @param size bytes of the whole
 * @returns undefined when the whole is to be sent: no header, another unit, one that does not parse, or ranges that overlap so
 *   much that they add up to more than the whole; empty when none can be satisfied (416)
 */
export function parseRanges(header: string | undefined, size: number): readonly ByteRange[] | undefined {
  if (header === undefined || !header.startsWith('bytes=')) return undefined
  const ranges = parseRange(size, header)
  if (ranges === -2) return undefined
  if (ranges === -1) return []
  const total = ranges.reduce((sum, range) => sum + range.end - range.start + 1, 0)
  return ranges.length > maxRanges || total > size ? undefined : ranges
}
