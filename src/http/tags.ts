import type { Lister } from '../registry/registry.ts'
import type { Exchange } from './exchange.ts'
import { nextPage, parsePageSize, readPage } from './pagination.ts'
import type { RouteOf } from './route.ts'

export async function getTags(
  exchange: Exchange,
  registry: Lister,
  { name }: RouteOf<'tags'>,
): Promise<void> {
  const asked = parsePageSize(exchange)
  const size = asked === undefined ? undefined : Math.min(asked, exchange.settings.maxTags)
  const after = exchange.query.get('last') ?? undefined
  const page = await readPage(registry.tags(exchange.context, name, after), size)
  const last = page.items.at(-1)
  const link = page.hasMore && last !== undefined ? nextPage(exchange, { last, n: String(size) }) : {}
  await exchange.sendJson(200, { name, tags: page.items }, link)
}
