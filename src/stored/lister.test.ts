import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Context } from '../registry/context.ts'
import { digestOf } from '../registry/digest.ts'
import { isRepositoryName, parseRepositoryName, type RepositoryName } from '../registry/name.ts'
import type { Registry } from '../registry/registry.ts'
import { parseTag } from '../registry/reference.ts'
import { storagePath } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { take } from '../util/iterables.ts'
import { revisionLink, tagLink } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const digest = digestOf(Buffer.from('x'))

/** Names whose components are prefixes of each other, with the characters that sort around `/`. */
const component = fc.constantFrom('a', 'a-b', 'a--b', 'a.b', 'a_b', 'a0', 'b', 'a-b.a', 'ab', '0')
const names = fc
  .array(
    fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    { maxLength: 14 },
  )
  .map((some) => [...new Set(some)].filter(isRepositoryName))
const cursor = fc.oneof(
  fc.constant(undefined),
  fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '/', '_', '0', '~'), maxLength: 6 }),
)

async function registryWith(repositories: readonly RepositoryName[]): Promise<{
  registry: Registry
  driver: MemoryDriver
}> {
  const driver = new MemoryDriver()
  for (const name of repositories) await driver.write(revisionLink(name, digest), Buffer.from(digest))
  return { registry: createStoredRegistry(driver), driver }
}

describe('the catalog', () => {
  it('has every repository once, in byte order, from any place on', async () => {
    await fc.assert(
      fc.asyncProperty(names, cursor, async (repositories, after) => {
        const { registry } = await registryWith(repositories)
        assert.deepEqual(
          await take(registry.repositories(context, after), Infinity),
          repositories.filter((name) => after === undefined || name > after).toSorted(),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('passes over what somebody else put there', async () => {
    const { driver } = await registryWith([parseRepositoryName('a/b')])
    const stray: readonly string[] = ['foo bar', 'UPPER', 'x'.repeat(300), '..', 'é']
    const list = driver.list.bind(driver)
    driver.list = async function* (folder, after) {
      if (/repositories(?:\/a)?$/.test(folder)) yield* stray
      yield* list(folder, after)
    }
    const registry = createStoredRegistry(driver)
    assert.deepEqual(await take(registry.repositories(context), Infinity), ['a/b'])
  })

  it('goes on after any text at all, be it no name and none of its characters', async () => {
    const around = fc.string({
      unit: fc.constantFrom(...Array.from('ab0/-._!+*%,:~ "\0\x1f\u{e9}\u{1f600}')),
      maxLength: 5,
    })
    const anything = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      around,
      // A name, or the beginning of one, and what a client may put behind it.
      fc
        .tuple(fc.array(component, { minLength: 1, maxLength: 3 }), fc.nat({ max: 12 }), around)
        .map(([parts, length, rest]) => parts.join('/').slice(0, length) + rest),
    )
    await fc.assert(
      fc.asyncProperty(names, fc.array(anything, { maxLength: 8 }), async (repositories, cursors) => {
        const { registry } = await registryWith(repositories)
        for (const after of [...cursors, '!', 'a!', 'a+', 'a/+', 'a-b!', 'a/b!/c', 'a-b+/']) {
          const expected = repositories.filter((name) => name > after).toSorted()
          assert.deepEqual(await take(registry.repositories(context, after), Infinity), expected, after)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('is the same read page by page', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 4 }), async (repositories, size) => {
        const { registry } = await registryWith(repositories)
        const found: string[] = []
        for (let last: string | undefined; ; last = found.at(-1)) {
          const page = await take(registry.repositories(context, last), size)
          found.push(...page)
          if (page.length < size) break
        }
        assert.deepEqual(found, repositories.toSorted())
      }),
      { numRuns: 60 },
    )
  })

  it('leaves out what is no repository', async () => {
    const root = 'docker/registry/v2/repositories'
    const { registry, driver } = await registryWith([parseRepositoryName('a/b')])
    for (const path of [
      // Blobs only, a ghost, a name of Distribution's that is none of ours, and files in between.
      `blobs-only/_layers/sha256/${digest.slice(7)}/link`,
      `ghost/_manifests/tags/x/index/sha256/${digest.slice(7)}/link`,
      `Upper/x/_manifests/revisions/sha256/${digest.slice(7)}/link`,
      `under__/_manifests/revisions/sha256/${digest.slice(7)}/link`,
      `wrong/_manifests/revisions/sha256/abc/link`,
      `a/b/_uploads/c/_manifests/revisions/sha256/${digest.slice(7)}/link`,
      'file',
    ])
      await driver.write(storagePath(`${root}/${path}`), Buffer.from(digest))
    assert.deepEqual(await take(registry.repositories(context), Infinity), ['a/b'])
  })
})

describe('tags', () => {
  it('are in byte order, from any place on', async () => {
    const tag = fc
      .string({ unit: fc.constantFrom('a', 'B', '-', '.', '_', '1'), minLength: 1, maxLength: 4 })
      .filter((text) => /^[a-zA-Z0-9_]/.test(text))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(tag, { maxLength: 40 }), cursor, async (tags, after) => {
        const name = parseRepositoryName('a')
        const { registry, driver } = await registryWith([name])
        for (const each of tags) await driver.write(tagLink(name, parseTag(each)), Buffer.from(digest))
        assert.deepEqual(
          await take(registry.tags(context, name, after), Infinity),
          tags.filter((each) => after === undefined || each > after).toSorted(),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('are unknown in a repository without manifests, and none in one without tags', async () => {
    const name = parseRepositoryName('a')
    const { registry } = await registryWith([name])
    assert.deepEqual(await take(registry.tags(context, name), 10), [])
    await assert.rejects(take(registry.tags(context, parseRepositoryName('a/b')), 10), {
      code: 'NAME_UNKNOWN',
    })
  })

  it('whose link a crash left empty, or never made, are not listed', async () => {
    const name = parseRepositoryName('a')
    const { registry, driver } = await registryWith([name])
    await driver.write(tagLink(name, parseTag('good')), Buffer.from(digest))
    await driver.write(tagLink(name, parseTag('empty')), Buffer.alloc(0))
    const history = `docker/registry/v2/repositories/a/_manifests/tags/half/index/sha256/${digest.slice(7)}/link`
    await driver.write(storagePath(history), Buffer.from(digest))
    assert.deepEqual(await take(registry.tags(context, name), 10), ['good'])
  })
})
