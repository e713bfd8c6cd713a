import type { RunningRegistry } from '../../test/support/registry-process.ts'
import { Connection } from '../connection.ts'
import type { Figure, ServedLoad, Surroundings } from '../load.ts'
import { measure } from '../measure.ts'
import { formatCount, type Sizes } from '../sizes.ts'

const firstPage = 100
const wholePage = 1000

/** Lists of tags and repositories. */
export function listingLoads(sizes: Sizes): readonly ServedLoad[] {
  const few = tagLists('few', sizes.fewTags, ({ seed }) => `/v2/${seed.fewTags}/tags/list`)
  const many = tagLists('many', sizes.manyTags, ({ seed }) => `/v2/${seed.manyTags}/tags/list`)
  const catalog = lists({
    id: 'catalog',
    what: `${formatCount(sizes.repositories)} repositories`,
    count: sizes.repositories,
    store: 'catalog',
    pathIn: () => '/v2/_catalog',
  })
  return [...few, ...many, ...catalog]
}

interface Listed {
  readonly id: string
  readonly what: string
  readonly count: number
  readonly store: 'content' | 'catalog'
  readonly pathIn: (surroundings: Surroundings) => string
}

function tagLists(
  id: string,
  count: number,
  pathIn: (surroundings: Surroundings) => string,
): readonly ServedLoad[] {
  return lists({ id: `tags-${id}`, what: `${formatCount(count)} tags`, count, store: 'content', pathIn })
}

function lists(listed: Listed): readonly ServedLoad[] {
  const { id, what, count, store, pathIn } = listed
  const facts = { family: 'Listings', unit: 'ms', work: 'listing', store } as const
  return [
    {
      ...facts,
      id: `${id}-first`,
      title: `first page of ${firstPage} of ${what}`,
      run: (server, surroundings) =>
        repeatedly(server, surroundings, async (connection) => {
          const page = await readPage(connection, `${pathIn(surroundings)}?n=${firstPage}`)
          // Distribution 2.8 knows no pages of tags and answers with all.
          const good = page.names === firstPage || (page.names === count && page.next === undefined)
          if (!good) throw new Error(`a page of ${page.names} names`)
        }),
    },
    {
      ...facts,
      id: `${id}-whole`,
      title: `all of ${what}, in pages of ${formatCount(wholePage)}`,
      onceAbove: 4,
      run: (server, surroundings) =>
        repeatedly(server, surroundings, async (connection) => {
          let names = 0
          let path: string | undefined = `${pathIn(surroundings)}?n=${wholePage}`
          while (path !== undefined) {
            const page: Page = await readPage(connection, path)
            names += page.names
            path = page.next
          }
          if (names !== count) throw new Error(`${names} names instead of ${count}`)
        }),
    },
  ]
}

/** How long one takes, of as many as fit into a second or so, after a first one that is told besides. */
async function repeatedly(
  server: RunningRegistry,
  { seconds }: Surroundings,
  once: (connection: Connection) => Promise<void>,
): Promise<Figure> {
  const connection = await Connection.open(server.port)
  try {
    const start = performance.now()
    await once(connection)
    const first = performance.now() - start
    const figure = await measure(server.pid, async () => {
      const end = performance.now() + seconds * 500
      let done = 0
      do {
        await once(connection)
        done += 1
      } while (performance.now() < end)
      return { value: (took) => (took * 1000) / done, work: done }
    })
    return { ...figure, extras: { 'first of all ms': first } }
  } finally {
    connection.close()
  }
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
