import { isIPv4, isIPv6 } from 'node:net'
import { groupsOf } from './client-address.ts'

/** Both included; IPv4 in the form of IPv6 (RFC 4291, 2.5.5.2). */
interface Range {
  readonly first: bigint
  last: bigint
}

/**
 * A set of networks. Whether an address is in one takes a handful of comparisons, however many there are: clouds list some ten
 * thousand.
 */
export class AddressRanges {
  /** In order, and apart from each other. */
  readonly #ranges: readonly Range[]

  /** @param networks such as `10.0.0.0/8`; what is none is left out */
  constructor(networks: Iterable<string>) {
    const ranges: Range[] = []
    for (const { first, last } of [...networks].flatMap(rangeOf).toSorted(byFirst)) {
      const before = ranges.at(-1)
      if (before === undefined || before.last + 1n < first) ranges.push({ first, last })
      else if (before.last < last) before.last = last
    }
    this.#ranges = ranges
  }

  /** How many there are, of which none touches another. */
  get size(): number {
    return this.#ranges.length
  }

  /** @param address of IPv4 or IPv6; anything else is in none */
  has(address: string): boolean {
    const number = numberOf(address.split('%', 1)[0] ?? '')
    if (number === undefined) return false
    let [low, high] = [0, this.#ranges.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle]?.first ?? 0n) <= number) low = middle + 1
      else high = middle
    }
    const range = this.#ranges[low - 1]
    return range !== undefined && number <= range.last
  }
}

function byFirst(a: Range, b: Range): number {
  return a.first < b.first ? -1 : a.first > b.first ? 1 : 0
}

function rangeOf(network: string): Range[] {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? []
  const number = numberOf(address)
  const free = (isIPv4(address) ? 32 : 128) - Number(length)
  if (number === undefined || free < 0) return []
  const size = 1n << BigInt(free)
  const first = number & ~(size - 1n)
  return [{ first, last: first + size - 1n }]
}

function numberOf(address: string): bigint | undefined {
  const form = isIPv4(address) ? `::ffff:${address}` : address
  if (!isIPv6(form)) return undefined
  return groupsOf(form).reduce((sum, group) => (sum << 16n) | BigInt(group), 0n)
}
