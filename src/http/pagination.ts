import { RegistryError } from '../registry/errors.ts'
import { take } from '../util/iterables.ts'
import type { Exchange, Headers } from './exchange.ts'

export interface Page<T> {
  readonly items: readonly T[]
  readonly hasMore: boolean
}

/**
 * The `n` of a list's query.
 *
 * @returns undefined when there is none, or an empty one
 * @throws RegistryError PAGINATION_NUMBER_INVALID unless it is a whole number and not negative
 */
export function parsePageSize(exchange: Exchange): number | undefined {
  const text = exchange.query.get('n')
  if (text === null || text === '') return undefined
  if (!/^\d{1,15}$/.test(text))
    throw new RegistryError('PAGINATION_NUMBER_INVALID', { detail: { n: text.slice(0, 100) } })
  return Number(text)
}

/** @param size items; undefined: all there are */
export async function readPage<T>(items: AsyncIterable<T>, size: number | undefined): Promise<Page<T>> {
  if (size === undefined) return { items: await take(items, Number.POSITIVE_INFINITY), hasMore: false }
  // One more than the page holds tells whether there is a next one. A page of none reads it too, for unknown repositories.
  const found = await take(items, size + 1)
  return { items: found.slice(0, size), hasMore: size > 0 && found.length > size }
}

/** The `Link` header of a page that is not the last (RFC 8288). */
export function nextPage(exchange: Exchange, query: Readonly<Record<string, string>>): Headers {
  return { Link: `<${exchange.linkPath}?${new URLSearchParams(query).toString()}>; rel="next"` }
}
