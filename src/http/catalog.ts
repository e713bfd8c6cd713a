import { RegistryError } from '../registry/errors.ts'
import type { Lister } from '../registry/registry.ts'
import type { Exchange } from './exchange.ts'
import { nextPage, parsePageSize, readPage } from './pagination.ts'

/** Repositories in a page when the client does not say. */
const defaultPage = 100

export async function getCatalog(exchange: Exchange, registry: Lister): Promise<void> {
  const { maxCatalogEntries } = exchange.settings
  const size = parsePageSize(exchange) ?? Math.min(defaultPage, maxCatalogEntries)
  if (size > maxCatalogEntries) throw new RegistryError('PAGINATION_NUMBER_INVALID', { detail: { n: size } })
  const after = exchange.query.get('last') ?? undefined
  const page = await readPage(registry.repositories(exchange.context, after), size)
  const last = page.items.at(-1)
  const link = page.hasMore && last !== undefined ? nextPage(exchange, { last, n: String(size) }) : {}
  await exchange.sendJson(200, { repositories: page.items }, link)
}
