import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context } from '../registry/context.ts'
import { digestOf, type Digest } from '../registry/digest.ts'
import { mediaTypes } from '../registry/media-types.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { type StorageDriver } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { take } from '../util/iterables.ts'
import { blobData, referrerEntry, referrersComplete, revisionLink, revisionsFolder } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const name = parseRepositoryName('team/app')
const subject = digestOf(Buffer.from('whatever is referred to'))
const minute = 60 * 1000
const hour = 60 * minute

interface Referrer {
  readonly content: Buffer
  readonly digest: Digest
}

function referrerOf(note: string): Referrer {
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: digestOf(Buffer.from('{}')),
        size: 2,
      },
      layers: [],
      subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 24 },
      annotations: { note },
    }),
  )
  return { content, digest: digestOf(content) }
}

/** As Distribution pushes it: no entry in an index that it does not know. */
async function pushByDistribution(driver: StorageDriver, { content, digest }: Referrer): Promise<void> {
  await driver.write(blobData(digest), content)
  await driver.write(revisionLink(name, digest), Buffer.from(digest))
}

/** What somebody sees who never looked before. */
async function referrersIn(driver: StorageDriver): Promise<readonly Digest[]> {
  const found = await take(createStoredRegistry(driver).referrers(context, name, subject), 100)
  return found.map((each) => each.digest)
}

/** A store whose objects can be dated. */
function datedStore(): { readonly driver: MemoryDriver; readonly at: (time: number) => void } {
  let now = Date.now()
  return { driver: new MemoryDriver({ now: () => now }), at: (time) => void (now = time) }
}

async function mark(driver: StorageDriver, text: string): Promise<void> {
  await driver.write(referrersComplete(name), Buffer.from(text))
}

const first = referrerOf('first')
const second = referrerOf('second')

describe('the index of referrers', () => {
  it('is complete up to the time that its marker holds, not to when that was written', async () => {
    const { driver, at } = datedStore()
    const now = Date.now()
    at(now - 30 * minute)
    await pushByDistribution(driver, first)
    // Written just now, by somebody whose look began an hour ago.
    at(now)
    await mark(driver, new Date(now - hour).toISOString())
    assert.deepEqual(await referrersIn(driver), [first.digest])
    assert.ok(await driver.stat(referrerEntry(name, subject, first.digest)), 'it has its entry now')
  })

  it('saves a look at what is older than the marker, by more than clocks may differ', async () => {
    const { driver, at } = datedStore()
    const now = Date.now()
    at(now - 2 * hour)
    await pushByDistribution(driver, first)
    at(now - hour - 5 * minute)
    await pushByDistribution(driver, second)
    at(now)
    await mark(driver, new Date(now - hour).toISOString())
    assert.deepEqual(await referrersIn(driver), [second.digest])
  })

  it('is made anew when its marker is damaged', async () => {
    for (const text of ['', 'complete', '0', '\0'.repeat(24), '2999-99-99T00:00:00.000Z', 'x'.repeat(1000)]) {
      const { driver, at } = datedStore()
      const now = Date.now()
      at(now - 1000 * hour)
      await pushByDistribution(driver, first)
      at(now)
      await mark(driver, text)
      assert.deepEqual(await referrersIn(driver), [first.digest], JSON.stringify(text.slice(0, 30)))
      const marker = await driver.read(referrersComplete(name))
      assert.ok(Math.abs(Date.parse(marker?.toString() ?? '') - now) < minute, String(marker))
    }
  })

  it('is marked with the time when the look began: what came meanwhile may not have been seen', async (t) => {
    const began = Date.now()
    t.mock.timers.enable({ apis: ['Date'], now: began })
    const store = new MemoryDriver({ now: Date.now })
    await pushByDistribution(store, first)
    // A look that takes an hour, in the middle of which another registry pushes what the listing does not show any more.
    const slow = wrapped(store, async (names) => {
      const listed = await take(names, Infinity)
      t.mock.timers.tick(30 * minute)
      await pushByDistribution(store, second)
      t.mock.timers.tick(30 * minute)
      return listed
    })
    assert.deepEqual(await referrersIn(slow), [first.digest])
    assert.equal(String(await store.read(referrersComplete(name))), new Date(began).toISOString())
    assert.deepEqual(await referrersIn(store), [first.digest, second.digest].toSorted())
  })

  it('is looked at once in a process, and answers for a repository that does not exist with nothing', async () => {
    const store = new MemoryDriver()
    const registry = createStoredRegistry(store)
    assert.deepEqual(await take(registry.referrers(context, name, subject), 10), [])
    assert.equal(await store.stat(referrersComplete(name)), undefined, 'nothing is made for it')
    // What it was not is not remembered: it may come into being.
    await pushByDistribution(store, first)
    const found = await take(registry.referrers(context, name, subject), 10)
    assert.deepEqual(
      found.map((each) => each.digest),
      [first.digest],
    )
  })
})

/** A driver that lists the revisions of sha256 in its own time when they are looked at. */
function wrapped(
  driver: MemoryDriver,
  listing: (names: AsyncIterable<string>) => Promise<readonly string[]>,
): StorageDriver {
  // The first listing asks only whether there is any manifest.
  let listings = 0
  return new Proxy<StorageDriver>(driver, {
    get(target, key: keyof StorageDriver) {
      if (key !== 'list') {
        const value = target[key]
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async function* (...[path, after]: Parameters<StorageDriver['list']>) {
        const names = target.list(path, after)
        const isSlow = path === revisionsFolder(name, 'sha256') && ++listings === 2
        yield* isSlow ? await listing(names) : names
      }
    },
  })
}
