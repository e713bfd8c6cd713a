import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import type { StoragePath } from '../../src/storage/driver.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { image, newBlob, numbered, pushBlob, pushManifest, writeRaw, writeRawManifest } from './content.ts'
import { newGate, type Gate } from './gate.ts'
import {
  allPages,
  contentHeaders,
  nextLink,
  outcome,
  startApp,
  startParts,
  type TestServer,
} from './in-process.ts'

async function catalog(server: TestServer, query = ''): Promise<string[]> {
  const answer = await server.call('GET', `/v2/_catalog${query}`)
  assert.equal(answer.status, 200, answer.body.toString())
  return (answer.json() as { repositories: string[] }).repositories
}

/** Names that are prefixes of others, in all the ways that the characters of a name sort around the slash. */
const names = [
  'a',
  'a--b',
  'a-b',
  'a-b.c',
  'a-b/c',
  'a.b',
  'a.b/c',
  'a/b',
  'a/b-c',
  'a/b.c',
  'a/b/c',
  'a/b/c-d',
  'a/b/c/d/e/f',
  'a/b0',
  'a0',
  'a0/b',
  'a__b',
  'a_b',
  'ab',
  'b-a/x',
  'b/a/x',
  'only/deep/inside',
]

for (const driver of ['inmemory', 'filesystem'] as const) {
  void test(`names that are prefixes of others (${driver})`, async (t) => {
    const storage = driver === 'inmemory' ? {} : { filesystem: { rootdirectory: temporaryFolder(t).path } }
    const server = await startApp(t, { storage })
    for (const name of names.toReversed()) await writeRawManifest(server, name, image(), 'latest')
    const sorted = names.toSorted()

    for (const size of [1, 2, 3, 5, sorted.length - 1, sorted.length, sorted.length + 1]) {
      await t.test(`in pages of ${size}`, async () => {
        const pages = await allPages(server, `/v2/_catalog?n=${size}`)
        const lists = pages.map((page) => (page.json() as { repositories: string[] }).repositories)
        assert.deepEqual(lists.flat(), sorted)
        assert.equal(lists.length, Math.ceil(sorted.length / size), 'no empty page at the end')
        const head = await server.call('HEAD', `/v2/_catalog?n=${size}`)
        assert.equal(head.status, 200)
        assert.deepEqual(contentHeaders(head.headers), contentHeaders(pages[0]?.headers ?? {}))
      })
    }

    await t.test('from any place on, whether or not it is a repository', async () => {
      const places = [
        ...sorted,
        ...sorted.flatMap((name) => [`${name}-`, `${name}/`, `${name}.`, `${name}/0`]),
      ]
      for (const last of [...places, '', '-', '0', 'A', 'only', 'only/', 'only/deep', 'zzz', '../..', 'ü']) {
        const expected = sorted.filter((name) => name > last)
        assert.deepEqual(await catalog(server, `?last=${encodeURIComponent(last)}`), expected, last)
      }
    })
  })
}

void test('the pages of the catalog', async (t) => {
  const server = await startApp(t, { catalog: { maxentries: 150 } })
  const many = Array.from({ length: 120 }, (_, number) => `r${String(number).padStart(3, '0')}`)
  for (const name of many) await writeRawManifest(server, name, image())

  await t.test('hold 100 when the client does not say', async () => {
    const answer = await server.call('GET', '/v2/_catalog')
    assert.deepEqual((answer.json() as { repositories: unknown }).repositories, many.slice(0, 100))
    assert.equal(answer.headers.link, '</v2/_catalog?last=r099&n=100>; rel="next"')
    assert.deepEqual(await catalog(server, '?last=r099&n=100'), many.slice(100))
  })

  for (const [n, expected] of [
    ['150', '200'],
    ['151', '400 PAGINATION_NUMBER_INVALID'],
    ['99999999999999999999', '400 PAGINATION_NUMBER_INVALID'],
    ['-1', '400 PAGINATION_NUMBER_INVALID'],
    ['ten', '400 PAGINATION_NUMBER_INVALID'],
    ['1.0', '400 PAGINATION_NUMBER_INVALID'],
  ] as const) {
    await t.test(`n=${n}: ${expected}`, async () => {
      assert.equal(outcome(await server.call('GET', `/v2/_catalog?n=${n}`)), expected)
    })
  }

  await t.test('n=0: an empty list without a Link', async () => {
    const answer = await server.call('GET', '/v2/_catalog?n=0')
    assert.deepEqual(answer.json(), { repositories: [] })
    assert.equal(answer.headers.link, undefined)
  })

  await t.test('an empty n is none, as in Distribution', async () => {
    assert.equal((await catalog(server, '?n=')).length, 100)
  })
})

void test('a maximum below 100 is the size of a page', async (t) => {
  const server = await startApp(t, { catalog: { maxentries: 2 } })
  for (const name of ['a', 'b', 'c']) await writeRawManifest(server, name, image())
  const answer = await server.call('GET', '/v2/_catalog')
  assert.deepEqual(answer.json(), { repositories: ['a', 'b'] })
  assert.equal(nextLink(answer), '/v2/_catalog?last=b&n=2')
})

void test('what the catalog shows', async (t) => {
  await t.test('an empty list when there is nothing', async (sub) => {
    const server = await startApp(sub)
    assert.equal((await server.call('GET', '/v2/_catalog')).body.toString(), '{"repositories":[]}\n')
  })

  await t.test('its own writes and deletes at once, after each step', async (sub) => {
    const server = await startApp(sub)
    const expected = new Set<string>()
    for (const name of ['m/one', 'm', 'm-one', 'm/one/two', 'k']) {
      await pushBlob(server, name, newBlob(5))
      assert.deepEqual(await catalog(server), [...expected].toSorted(), 'a blob alone makes no repository')
      await pushManifest(server, name, 'latest', image())
      expected.add(name)
      assert.deepEqual(await catalog(server), [...expected].toSorted())
      assert.deepEqual(
        await catalog(server, '?n=1&last=l'),
        [...expected]
          .toSorted()
          .filter((each) => each > 'l')
          .slice(0, 1),
      )
    }
    for (const name of ['m', 'm/one/two', 'k', 'm-one', 'm/one']) {
      assert.equal((await server.call('DELETE', `/v2/${name}/manifests/${image().digest}`)).status, 202)
      expected.delete(name)
      assert.deepEqual(await catalog(server), [...expected].toSorted(), 'an emptied repository is no ghost')
    }
  })

  await t.test('its own writes, also when a listing was under way meanwhile', async (sub) => {
    const driver = new GatedDriver()
    const server = await startParts(sub, { driver })
    await pushManifest(server, 'first', 'latest', image())
    await server.call('DELETE', `/v2/first/manifests/${image().digest}`)
    driver.holdListing()
    const early = catalog(server)
    await driver.listed
    await pushManifest(server, 'first', 'latest', image())
    await pushManifest(server, 'second', 'latest', image())
    driver.release()
    await early
    assert.deepEqual(await catalog(server), ['first', 'second'])
  })

  await t.test('no names that no client could use, and nothing of what lies beside', async (sub) => {
    const server = await startApp(sub)
    await writeRawManifest(server, 'good', image())
    await writeRawManifest(server, 'Upper/case', image())
    await writeRawManifest(server, 'trailing-', image())
    await writeRaw(server, `repositories/_hidden/_manifests/revisions/sha256/${'0'.repeat(64)}/link`, 'x')
    await writeRaw(server, 'repositories/file-in-the-way', 'x')
    await writeRaw(
      server,
      `repositories/emptied/_manifests/tags/old/index/sha256/${'0'.repeat(64)}/link`,
      'x',
    )
    assert.deepEqual(await catalog(server), ['good'])
  })

  await t.test('repositories with a manifest, be it untagged', async (sub) => {
    const server = await startApp(sub)
    await pushManifest(server, 'tagged', 'v1', numbered(1))
    await server.call('DELETE', '/v2/tagged/manifests/v1')
    assert.deepEqual(await catalog(server), ['tagged'])
  })
})

/** Keeps what a listing of the root saw until it is released: as a slow disk does. */
class GatedDriver extends MemoryDriver {
  #gate: Gate | undefined
  #reached = newGate()

  /** Settles when a listing is held. */
  get listed(): Promise<void> {
    return this.#reached.opened
  }

  holdListing(): void {
    this.#gate = newGate()
    this.#reached = newGate()
  }

  release(): void {
    this.#gate?.open()
    this.#gate = undefined
  }

  override async *list(path: StoragePath, after?: string): AsyncGenerator<string, void, undefined> {
    const listed: string[] = []
    for await (const name of super.list(path, after)) listed.push(name)
    if (path.endsWith('/repositories') && this.#gate !== undefined) {
      this.#reached.open()
      await this.#gate.opened
    }
    yield* listed
  }
}
