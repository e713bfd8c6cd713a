export interface FairQueueLimits {
  /** Waiting, of one address. */
  readonly perAddress: number
  /** Waiting, all together, as it is now; at least 1. */
  readonly altogether: () => number
}

/** Whom a turn is counted for. */
export interface Place {
  readonly network: string
  readonly address: string
}

/**
 * Those who wait. The networks take turns, and within each its addresses, so that neither a busy address nor a network of many
 * holds up anybody else. When there is no more room, somebody goes from the network that has most; where none has more than one,
 * whoever came first. So those who are there, however many, cannot keep the next one out.
 */
export class FairQueue<T> {
  readonly #limits: FairQueueLimits
  /** Items by network and address; none is empty. The first one's turn is next. */
  readonly #networks = new Map<string, Map<string, T[]>>()
  #size = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** @returns those who have to go for it, perhaps the newcomer himself; several, when the room has become less */
  add(place: Place, item: T): readonly T[] {
    const network = this.#networks.get(place.network) ?? new Map<string, T[]>()
    const items = network.get(place.address) ?? []
    if (items.length >= this.#limits.perAddress) return [item]
    this.#networks.set(place.network, network.set(place.address, items))
    items.push(item)
    this.#size++
    const displaced: T[] = []
    while (this.#size > this.#limits.altogether()) displaced.push(...this.#displace(place))
    return displaced
  }

  /** Whose turn it is; undefined when nobody waits. */
  take(): T | undefined {
    const place = this.#first()
    if (place === undefined) return undefined
    const [item] = this.#remove(place, 'first')
    this.#putLast(place)
    return item
  }

  #first(): Place | undefined {
    for (const [network, addresses] of this.#networks)
      for (const address of addresses.keys()) return { network, address }
    return undefined
  }

  /** Of equals the newcomer's own go, lest two networks displace each other in turn. */
  #displace(newcomer: Place): readonly T[] {
    const network = largest(this.#networks, newcomer.network, sizeOf)
    const addresses = this.#networks.get(network) ?? new Map<string, T[]>()
    if (sizeOf(addresses) === 1) {
      const first = this.#first()
      return first === undefined ? [] : this.#remove(first, 'first')
    }
    const address = largest(addresses, newcomer.address, ({ length }) => length)
    if ((addresses.get(address)?.length ?? 0) > 1) return this.#remove({ network, address }, 'last')
    const [first = address] = addresses.keys()
    return this.#remove({ network, address: first }, 'first')
  }

  #remove({ network, address }: Place, which: 'first' | 'last'): readonly T[] {
    const addresses = this.#networks.get(network)
    const items = addresses?.get(address)
    if (addresses === undefined || items === undefined) return []
    const removed = which === 'first' ? items.splice(0, 1) : items.splice(-1)
    this.#size -= removed.length
    if (items.length === 0) addresses.delete(address)
    if (addresses.size === 0) this.#networks.delete(network)
    return removed
  }

  /** Behind all other networks, and in its own behind all other addresses. */
  #putLast({ network, address }: Place): void {
    const addresses = this.#networks.get(network)
    if (addresses === undefined) return
    moveToEnd(this.#networks, network)
    moveToEnd(addresses, address)
  }
}

function sizeOf(addresses: ReadonlyMap<string, readonly unknown[]>): number {
  let size = 0
  for (const items of addresses.values()) size += items.length
  return size
}

/** The key of the largest; of `own` when none is larger. */
function largest<Value>(
  entries: ReadonlyMap<string, Value>,
  own: string,
  size: (value: Value) => number,
): string {
  const ownValue = entries.get(own)
  let largestSize = ownValue === undefined ? 0 : size(ownValue)
  let key = own
  for (const [other, value] of entries) {
    if (size(value) <= largestSize) continue
    largestSize = size(value)
    key = other
  }
  return key
}

function moveToEnd<Value>(entries: Map<string, Value>, key: string): void {
  const value = entries.get(key)
  if (value === undefined) return
  entries.delete(key)
  entries.set(key, value)
}
