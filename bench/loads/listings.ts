import type { RunningRegistry } from '../../test/support/registry-process.ts'
import { Connection } from '../connection.ts'
import type { Figure, ServedLoad, Surroundings } from '../load.ts'
import { measure } from '../measure.ts'
import { repositoryNames } from '../seed.ts'
import { formatCount, type Sizes } from '../sizes.ts'

const page = 100
const largePage = 1000
/** A listing that takes longer than this is not asked for again. */
const slowMs = 4000

/** Lists of tags and repositories. */
export function listingLoads(sizes: Sizes): readonly ServedLoad[] {
  return [
    ...tagLists('tags-few', sizes.fewTags, ({ seed }) => seed.fewTags),
    ...tagLists('tags-many', sizes.manyTags, ({ seed }) => seed.manyTags),
    ...catalogLists(sizes.repositories),
  ]
}

function tagLists(
  id: string,
  count: number,
  repositoryIn: (surroundings: Surroundings) => string,
): readonly ServedLoad[] {
  const what = `${formatCount(count)} tags`
  const path = (surroundings: Surroundings): string => `/v2/${repositoryIn(surroundings)}/tags/list`
  return [
    listing(`${id}-first`, `first page of ${page} of ${what}`, 'tags', async (connection, surroundings) => {
      const { names, next } = await readPage(connection, `${path(surroundings)}?n=${page}`)
      // Distribution 2.8 knows no pages of tags and answers with all.
      expectNames(names === count && next === undefined ? page : names, Math.min(page, count))
    }),
    listing(`${id}-whole`, `all of ${what}, in one answer`, 'tags', async (connection, surroundings) => {
      expectNames((await readPage(connection, path(surroundings))).names, count)
    }),
  ]
}

function catalogLists(count: number): readonly ServedLoad[] {
  const what = `${formatCount(count)} repositories`
  const size = Math.min(page, count)
  const last = repositoryNames(count)[count - size - 1] ?? ''
  return [
    listing('catalog-first', `first page of ${page} of ${what}`, 'catalog', async (connection) => {
      expectNames((await readPage(connection, `/v2/_catalog?n=${page}`)).names, size)
    }),
    listing('catalog-last', `last page of ${page} of ${what}`, 'catalog', async (connection) => {
      const path = `/v2/_catalog?n=${page}&last=${encodeURIComponent(last)}`
      expectNames((await readPage(connection, path)).names, size)
    }),
    listing(
      'catalog-whole',
      `all of ${what}, in pages of ${formatCount(largePage)}`,
      'catalog',
      async (connection) => {
        let names = 0
        let path: string | undefined = `/v2/_catalog?n=${largePage}`
        while (path !== undefined) {
          const answer: Page = await readPage(connection, path)
          names += answer.names
          path = answer.next
        }
        expectNames(names, count)
      },
    ),
  ]
}

function listing(
  id: string,
  title: string,
  store: 'tags' | 'catalog',
  once: (connection: Connection, surroundings: Surroundings) => Promise<void>,
): ServedLoad {
  return {
    id,
    title,
    family: 'Listings',
    unit: 'ms',
    work: 'listing',
    store,
    onceAbove: slowMs / 1000,
    run: async (server, surroundings) => {
      const connection = await Connection.open(server.port)
      try {
        return await repeatedly(server, surroundings.seconds * 500, () => once(connection, surroundings))
      } finally {
        connection.close()
      }
    },
  }
}

/** How long one takes, of as many as fit into a second or so, after a first one that is told besides. */
async function repeatedly(
  server: RunningRegistry,
  milliseconds: number,
  once: () => Promise<void>,
): Promise<Figure> {
  const first = await measure(server.pid, async () => {
    await once()
    return { value: (seconds) => seconds * 1000, work: 1 }
  })
  const extras = { 'first of all ms': first.value }
  if (first.value > slowMs) return { ...first, extras }
  return await measure(server.pid, async () => {
    const end = performance.now() + milliseconds
    let done = 0
    do {
      await once()
      done += 1
    } while (performance.now() < end)
    return { value: (seconds) => (seconds * 1000) / done, work: done, extras }
  })
}

function expectNames(names: number, expected: number): void {
  if (names !== expected) throw new Error(`${names} names instead of ${expected}`)
}

interface Page {
  readonly names: number
  readonly next: string | undefined
}

async function readPage(connection: Connection, path: string): Promise<Page> {
  const answer = await connection.expect(200, { method: 'GET', path, keepBody: true })
  const { tags, repositories } = JSON.parse(answer.body.toString()) as Record<string, string[] | null>
  const next = /^<(?:https?:\/\/[^/>]+)?([^>]+)>; *rel="?next"?/.exec(answer.header('link') ?? '')?.[1]
  return { names: (tags ?? repositories ?? []).length, next }
}
