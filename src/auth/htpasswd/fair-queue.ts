export interface FairQueueLimits {
  /** Waiting in one lane. */
  readonly perLane: number
  /** Waiting in all lanes together. */
  readonly altogether: number
}

/** What became of an item that wanted to wait. */
export type Placed<T> = 'waits' | 'refused' | { readonly displaced: T }

/**
 * Those who wait, each in a lane. The lanes take turns, so that a long one holds up nobody but itself; and when there is no more
 * room, a newcomer takes that of the last in the longest lane, if its own is shorter by more than one.
 */
export class FairQueue<T> {
  readonly #limits: FairQueueLimits
  /** None is empty. The first one's turn is next. */
  readonly #lanes = new Map<string, T[]>()
  #size = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  add(lane: string, item: T): Placed<T> {
    const waiting = this.#lanes.get(lane)?.length ?? 0
    if (waiting >= this.#limits.perLane) return 'refused'
    const hasRoom = this.#size < this.#limits.altogether
    const displaced = hasRoom ? undefined : this.#displace(waiting + 1)
    if (!hasRoom && displaced === undefined) return 'refused'
    const items = this.#lanes.get(lane)
    if (items === undefined) this.#lanes.set(lane, [item])
    else items.push(item)
    this.#size++
    return displaced === undefined ? 'waits' : { displaced: displaced.item }
  }

  /** Whose turn it is; undefined when nobody waits. */
  take(): T | undefined {
    for (const [lane, items] of this.#lanes) {
      const item = items.shift()
      // Behind all others.
      this.#lanes.delete(lane)
      if (items.length > 0) this.#lanes.set(lane, items)
      this.#size--
      return item
    }
    return undefined
  }

  /** The last of the longest lane, if that is longer than `length`. */
  #displace(length: number): { readonly item: T } | undefined {
    let longest: T[] = []
    for (const items of this.#lanes.values()) if (items.length > longest.length) longest = items
    if (longest.length <= length) return undefined
    this.#size--
    // Longer than one, so that its lane is not empty now.
    const [item] = longest.splice(-1)
    return item === undefined ? undefined : { item }
  }
}
