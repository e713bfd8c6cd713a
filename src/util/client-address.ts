import { isIPv4, isIPv6 } from 'node:net'

/** Of whatever a proxy may call an address. */
const longestAddress = 100

/**
 * Whom something that came from an address is counted for. Somebody with IPv6 has a whole /64 at least (RFC 6177, 2), so that all of it
 * counts as one.
 *
 * @param client an address, or undefined for what came by a unix socket
 */
export function addressKey(client: string | undefined): string {
  if (client === undefined) return 'unix'
  const [address = ''] = client.split('%')
  if (!isIPv6(address)) return client.slice(0, longestAddress)
  const groups = groupsOf(address)
  // IPv4 in the form of IPv6 (RFC 4291, 2.5.5.2).
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return groups.slice(6).flatMap(bytesOf).join('.')
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/**
 * Of which network an address is, as far as whoever has one address there may have others: a /48 of IPv6 (RFC 6177, 2), a /24 of IPv4.
 *
 * @param key as `addressKey` gives it
 */
export function networkKey(key: string): string {
  if (isIPv4(key)) return `${key.slice(0, key.lastIndexOf('.'))}.0/24`
  if (!key.endsWith('::/64')) return key
  return `${key.split(':').slice(0, 3).join(':')}::/48`
}

/** The eight of a valid address of IPv6. */
export function groupsOf(address: string): number[] {
  const [before = [], after] = address.split('::').map(partsOf)
  if (after === undefined) return before
  const zeros = Array<number>(8 - before.length - after.length).fill(0)
  return [...before, ...zeros, ...after]
}

/** Of one side of `::`. An IPv4 address at the end is two groups. */
function partsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function bytesOf(group: number): [number, number] {
  return [group >> 8, group & 0xff]
}
