import assert from 'node:assert/strict'
import test from 'node:test'
import { image, newBlob, pushBlob, pushManifest, writeRaw, writeRawManifest } from './content.ts'
import { allPages, contentHeaders, nextLink, outcome, startApp, type TestServer } from './in-process.ts'

// In byte order; many are prefixes of others, or differ by what sorts in surprising places.
const tags = [
  '0',
  '1.0',
  '1.0-rc',
  '1.0_1',
  'A',
  'Z',
  '_',
  '_a',
  'a',
  'a-b',
  'a.b',
  'a0',
  'a_b',
  'ab',
  'v1',
  'v1-rc',
  'v1.0',
  'v10',
]

async function tagsOf(server: TestServer, path: string): Promise<unknown> {
  return ((await server.call('GET', path)).json() as { tags: unknown }).tags
}

void test('tags of a repository', async (t) => {
  const server = await startApp(t)
  for (const tag of tags.toReversed()) await pushManifest(server, 'some/repo', tag, image())
  const path = '/v2/some/repo/tags/list'

  await t.test('all of them, in byte order', async () => {
    const get = await server.call('GET', path)
    assert.equal(get.body.toString(), `${JSON.stringify({ name: 'some/repo', tags })}\n`)
    assert.equal(get.headers['content-type'], 'application/json')
    assert.equal(get.headers.link, undefined)
    const head = await server.call('HEAD', path)
    assert.equal(head.status, 200)
    assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
  })

  for (const size of [1, 2, 3, 7, tags.length - 1, tags.length, tags.length + 1]) {
    await t.test(`in pages of ${size}`, async () => {
      const pages = await allPages(server, `${path}?n=${size}`)
      const lists = pages.map((page) => (page.json() as { tags: string[] }).tags)
      assert.deepEqual(lists.flat(), tags)
      assert.equal(lists.length, Math.ceil(tags.length / size), 'no empty page at the end')
      assert.ok(lists.slice(0, -1).every((list) => list.length === size))
      const first = pages[0]
      const last = lists[0]?.at(-1)
      const link = `<${path}?last=${encodeURIComponent(String(last))}&n=${size}>; rel="next"`
      assert.equal(first?.headers.link, pages.length === 1 ? undefined : link)
      const head = await server.call('HEAD', `${path}?n=${size}`)
      assert.deepEqual(contentHeaders(head.headers), contentHeaders(first?.headers ?? {}))
    })
  }

  await t.test('from any place on, whether or not it is a tag', async () => {
    for (const last of ['', '0', 'Zz', 'a', 'a-', 'a-b', 'v1', 'zzz', '~', 'ü', '../..', 'x'.repeat(1000)]) {
      const expected = tags.filter((tag) => tag > last)
      assert.deepEqual(await tagsOf(server, `${path}?last=${encodeURIComponent(last)}`), expected, last)
    }
    assert.deepEqual(await tagsOf(server, `${path}?n=2&last=a-a`), ['a-b', 'a.b'])
  })

  await t.test('n=0: an empty list without a Link', async () => {
    const answer = await server.call('GET', `${path}?n=0`)
    assert.deepEqual(answer.json(), { name: 'some/repo', tags: [] })
    assert.equal(answer.headers.link, undefined)
  })

  for (const n of ['-1', 'a', '1.5', '1e3', '0x10', '%201', '1%00', '99999999999999999999999', '%2B5', '١']) {
    await t.test(`n=${n} is refused`, async () => {
      const answer = await server.call('GET', `${path}?n=${n}`)
      assert.equal(outcome(answer), '400 PAGINATION_NUMBER_INVALID')
    })
  }

  await t.test('an empty n is none, as in Distribution', async () => {
    assert.deepEqual(await tagsOf(server, `${path}?n=`), tags)
  })

  await t.test('other parameters are not carried on', async () => {
    const answer = await server.call('GET', `${path}?n=1&x=%0d%0aEvil:1`)
    assert.equal(nextLink(answer), `${path}?last=0&n=1`)
  })
})

void test('a page of tags is at most tags.maxtags', async (t) => {
  const server = await startApp(t, { tags: { maxtags: 4 } })
  for (const tag of tags) await pushManifest(server, 'r', tag, image())
  const answer = await server.call('GET', '/v2/r/tags/list?n=500')
  assert.deepEqual((answer.json() as { tags: unknown }).tags, tags.slice(0, 4))
  assert.equal(nextLink(answer), '/v2/r/tags/list?last=A&n=4'.replace('A', encodeURIComponent(tags[3] ?? '')))
  assert.deepEqual(await tagsOf(server, '/v2/r/tags/list'), tags, 'all of them when nobody asks for a page')
})

void test('repositories without tags', async (t) => {
  const server = await startApp(t)
  const path = '/v2/some/repo/tags/list'
  const unknown = await server.call('GET', path)
  assert.equal(outcome(unknown), '404 NAME_UNKNOWN')
  assert.deepEqual((unknown.json() as { errors: [{ detail: unknown }] }).errors[0].detail, {
    name: 'some/repo',
  })
  assert.equal((await server.call('HEAD', path)).status, 404)

  await pushBlob(server, 'some/repo', newBlob(5))
  assert.equal(outcome(await server.call('GET', path)), '404 NAME_UNKNOWN', 'a blob makes no repository')
  assert.equal(outcome(await server.call('GET', '/v2/some/tags/list')), '404 NAME_UNKNOWN')

  await pushManifest(server, 'some/repo', image().digest, image())
  assert.deepEqual((await server.call('GET', path)).json(), { name: 'some/repo', tags: [] })
  await pushManifest(server, 'some/repo', 'v1', image())
  await server.call('DELETE', '/v2/some/repo/manifests/v1')
  assert.deepEqual((await server.call('GET', path)).json(), { name: 'some/repo', tags: [] })
  await pushManifest(server, 'some/repo', 'v1', image())
  assert.deepEqual((await server.call('GET', `${path}?last=v1`)).json(), { name: 'some/repo', tags: [] })
})

void test('no tag is listed that cannot be pulled', async (t) => {
  const server = await startApp(t)
  await pushManifest(server, 'r', 'good', image())
  const folder = 'repositories/r/_manifests/tags'
  await writeRaw(server, `${folder}/no-link/index/sha256/${'0'.repeat(64)}/link`, '')
  await writeRaw(server, `${folder}/empty-link/current/link`, '')
  await writeRaw(server, `${folder}/bad-link/current/link`, 'not a digest')
  await writeRaw(server, `${folder}/newline-link/current/link`, `${image().digest}\n`)
  for (const tag of ['no-link', 'empty-link', 'bad-link', 'newline-link']) {
    assert.equal(outcome(await server.call('GET', `/v2/r/manifests/${tag}`)), '404 MANIFEST_UNKNOWN', tag)
  }
  assert.deepEqual(await tagsOf(server, '/v2/r/tags/list'), ['good'])
  assert.deepEqual((await allPages(server, '/v2/r/tags/list?n=1')).length, 1)
  await pushManifest(server, 'r', 'empty-link', image())
  await pushManifest(server, 'r', 'bad-link', image())
  assert.deepEqual(await tagsOf(server, '/v2/r/tags/list'), ['bad-link', 'empty-link', 'good'])
})

void test('tags that another process writes are listed at once', async (t) => {
  const server = await startApp(t)
  for (const tag of ['a', 'c', 'b']) {
    await writeRawManifest(server, 'foreign', image(), tag)
    const listed = await tagsOf(server, '/v2/foreign/tags/list')
    assert.ok((listed as string[]).includes(tag))
  }
})
