import type { ByteRange } from '../registry/registry.ts'

/** More ranges than any client needs; a request for more is answered with the whole. */
const maxRanges = 64

/** `FIRST-LAST`, `FIRST-` or `-SUFFIX`. */
const rangeSpec = /^(\d*)-(\d*)$/

/**
 * The ranges that a `Range` header asks for (RFC 9110, 14.1.2 and 14.2).
 *
 * @param size bytes of the whole
 * @returns undefined when the whole is to be sent: no header, another unit, one that does not parse, nothing to take a part of, or ranges that overlap so
 *   much that they add up to more than the whole; empty when none can be satisfied (416)
 */
export function parseRanges(header: string | undefined, size: number): readonly ByteRange[] | undefined {
  if (header === undefined || !header.startsWith('bytes=') || size === 0) return undefined
  const specs = header.slice('bytes='.length).split(',')
  if (specs.length > maxRanges) return undefined
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const match = rangeSpec.exec(spec.trim())
    if (match === null) return undefined
    const [, first = '', last = ''] = match
    if ((first === '' && last === '') || (first !== '' && last !== '' && Number(first) > Number(last)))
      return undefined
    const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
    const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
    if (start <= end) ranges.push({ start, end })
  }
  const total = ranges.reduce((sum, range) => sum + range.end - range.start + 1, 0)
  return total > size ? undefined : ranges
}
