/** The first `count` items, or fewer. Ends the iteration of `source`. */
export async function take<T>(source: AsyncIterable<T>, count: number): Promise<T[]> {
  const items: T[] = []
  if (count <= 0) return items
  for await (const item of source) {
    items.push(item)
    if (items.length === count) break
  }
  return items
}

/** Calls `map` for several items at once and yields the results in the items' order. */
export async function* mapAhead<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  ahead: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = []
  for await (const item of source) {
    const result = map(item)
    // Its failure is thrown when its turn comes; until then it must not count as unhandled.
    result.catch(() => {})
    pending.push(result)
    const first = pending.length >= ahead ? pending.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const result of pending) yield await result
}

/** Iterates to the end, for what the iteration does. */
export async function drain(source: AsyncIterable<unknown>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]()
  while ((await iterator.next()).done !== true);
}

/**
 * Pulls the first item, so that a caller knows whether there is any before it prepares a place for it.
 *
 * @returns undefined when there is none, else an iterable of all items, to be iterated once
 */
export async function peek<T>(source: AsyncIterable<T>): Promise<AsyncIterable<T> | undefined> {
  const iterator = source[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return undefined
  return (async function* (): AsyncGenerator<T, void, undefined> {
    try {
      yield first.value
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value
    } finally {
      await iterator.return?.()
    }
  })()
}
