import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context } from '../registry/context.ts'
import { digestOf, type Digest } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { mediaTypes } from '../registry/media-types.ts'
import { parseRepositoryName } from '../registry/name.ts'
import { parseTag, type Reference, type Tag } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { storagePath, type StorageDriver, type StoragePath } from '../storage/driver.ts'
import { MemoryDriver } from '../storage/memory/driver.ts'
import { revisionLink, tagHistoryFolder, tagLink } from './paths.ts'
import { createStoredRegistry } from './stored-registry.ts'

const ignore = (): void => {}
const context: Context = { log: { debug: ignore, info: ignore, warn: ignore, error: ignore } }
const name = parseRepositoryName('team/app')
const config = Buffer.from('{}')

interface Manifest {
  readonly content: Buffer
  readonly digest: Digest
}

function manifestOf(note: string, layers: readonly object[] = []): Manifest {
  const described = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(config),
    size: config.length,
  }
  const content = Buffer.from(
    JSON.stringify({ schemaVersion: 2, config: described, layers, annotations: { note } }),
  )
  return { content, digest: digestOf(content) }
}

const [m1, m2] = [manifestOf('one'), manifestOf('two')]

type Calls = string[]

/** A store that notes every call, and lets a test come between: `before` runs before each. */
function noting(store: StorageDriver, calls: Calls, before: (call: string) => Promise<void>): StorageDriver {
  return new Proxy(store, {
    get(target, method: keyof StorageDriver) {
      const call = target[method]
      if (typeof call !== 'function') return call
      if (method === 'list') return target.list.bind(target)
      return async (...args: readonly unknown[]): Promise<unknown> => {
        const [first] = args
        const paths = Array.isArray(first) ? first.map(({ path }: { path: string }) => path) : [String(first)]
        calls.push(`${method} ${paths.join(' ')}`)
        await before(calls.at(-1) ?? '')
        return await Reflect.apply(call, target, args)
      }
    },
  })
}

interface World {
  readonly store: MemoryDriver
  readonly registry: Registry
  readonly calls: Calls
  /** Runs before each call of the store. */
  turn: (call: string) => Promise<void>
}

async function world(): Promise<World> {
  const store = new MemoryDriver()
  const calls: Calls = []
  const registry = createStoredRegistry(noting(store, calls, (call) => made.turn(call)))
  const made: World = { store, registry, calls, turn: async () => {} }
  await registry.putBlob(context, name, digestOf(config), once(config))
  calls.length = 0
  return made
}

async function* once(content: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield content
}

/** `text` is tags with commas between; those that begin with `v` are immutable. */
async function put(
  registry: Registry,
  { content, digest }: Manifest,
  text: string,
  named?: Reference,
): Promise<void> {
  const tags = text.split(',').map(parseTag)
  const upload = {
    mediaType: mediaTypes.ociManifest,
    content,
    tags,
    isImmutable: (tag: Tag) => tag.startsWith('v'),
  }
  await registry.putManifest(context, name, named ?? { kind: 'digest', digest }, upload)
}

async function tagged(store: StorageDriver, tag: string): Promise<string | undefined> {
  return (await store.read(tagLink(name, parseTag(tag))))?.toString()
}

async function everything(store: MemoryDriver): Promise<string[]> {
  const found: string[] = []
  const visit = async (path: StoragePath): Promise<void> => {
    const content = await store.read(path)
    if (content !== undefined) found.push(`${path} ${content.toString('latin1')}`)
    for await (const child of store.list(path)) await visit(storagePath(`${path}/${child}`))
  }
  await visit(storagePath('docker'))
  return found
}

function immutable(tag: string, { digest }: Manifest): object {
  return {
    code: 'TAG_IMMUTABLE',
    message: `the tag ${tag} is immutable and has ${digest}`,
    detail: { tag, digest },
  }
}

describe('a push to an immutable tag that has a manifest', () => {
  it('of another one is refused, and leaves no trace', async () => {
    const { store, registry, calls } = await world()
    await put(registry, m1, 'v1')
    const before = await everything(store)
    calls.length = 0
    await assert.rejects(put(registry, m2, 'v1'), immutable('v1', m1))
    await assert.rejects(put(registry, m2, 'latest,v2,v1'), immutable('v1', m1))
    const reference = { kind: 'tag', tag: parseTag('v1') } as const
    await assert.rejects(put(registry, m2, 'latest', reference), immutable('v1', m1))
    assert.deepEqual(await everything(store), before)
    assert.ok(calls.length > 0 && calls.every((call) => call.startsWith('read ')), calls.join('\n'))
  })

  it('is refused before a missing blob is: it would be sent for nothing', async () => {
    const { registry } = await world()
    await put(registry, m1, 'v1')
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(Buffer.from('x')),
      size: 1,
    }
    await assert.rejects(put(registry, manifestOf('three', [layer]), 'v1'), immutable('v1', m1))
  })

  it('of the same one goes on as ever, by whatever digest it is named', async () => {
    const { store, registry } = await world()
    await put(registry, m1, 'v1')
    await put(registry, m1, 'v1')
    const digest = digestOf(m1.content, 'sha512')
    await put(registry, m1, 'v1', { kind: 'digest', digest })
    assert.equal(await tagged(store, 'v1'), m1.digest)
    await registry.getManifest(context, name, { kind: 'digest', digest })
  })

  it('works anew when the tag or its manifest was deleted', async () => {
    const { store, registry } = await world()
    await put(registry, m1, 'v1')
    await registry.deleteTag(context, name, parseTag('v1'))
    await put(registry, m2, 'v1')
    await registry.deleteManifest(context, name, m2.digest)
    await put(registry, m1, 'v1')
    assert.equal(await tagged(store, 'v1'), m1.digest)
  })
})

describe('a push to several tags, of which somebody else gets an immutable one meanwhile', () => {
  it('fails; what it has set stands and leads somewhere, and no other tag moves', async () => {
    const one = await world()
    const other = createStoredRegistry(one.store)
    await put(other, m2, 'latest')
    let isTaken = false
    one.turn = async (call) => {
      if (isTaken || call !== `write ${tagLink(name, parseTag('v2'))}`) return
      isTaken = true
      await put(other, m2, 'v2')
    }
    await assert.rejects(put(one.registry, m1, 'v1,v2,v3,latest,new'), immutable('v2', m2))
    const { store } = one
    assert.equal(await tagged(store, 'v1'), m1.digest)
    assert.equal((await store.read(revisionLink(name, m1.digest)))?.toString(), m1.digest)
    assert.equal(await tagged(store, 'v2'), m2.digest)
    assert.equal(await tagged(store, 'v3'), undefined)
    assert.equal(await tagged(store, 'latest'), m2.digest)
    assert.equal(await tagged(store, 'new'), undefined)
  })

  it('and somebody deletes the manifest: what it has set leads somewhere all the same', async () => {
    const one = await world()
    const other = createStoredRegistry(one.store)
    let turns = 0
    one.turn = async (call) => {
      if (call === `write ${tagLink(name, parseTag('v1'))}` && turns === 0) {
        turns++
        await other.deleteManifest(context, name, m1.digest)
        await put(other, m2, 'v2')
      }
    }
    await assert.rejects(put(one.registry, m1, 'v1,v2'), immutable('v2', m2))
    assert.equal(await tagged(one.store, 'v1'), m1.digest)
    assert.equal((await one.store.read(revisionLink(name, m1.digest)))?.toString(), m1.digest)
  })
})

describe('what an immutable tag costs', () => {
  it('nothing where none is', async () => {
    const calls: Calls[] = []
    for (const isImmutable of [undefined, (): boolean => false]) {
      const one = await world()
      for (const { content } of [m1, m2, m2])
        await one.registry.putManifest(
          context,
          name,
          { kind: 'tag', tag: parseTag('v1') },
          {
            mediaType: mediaTypes.ociManifest,
            content,
            tags: [parseTag('latest')],
            ...(isImmutable && { isImmutable }),
          },
        )
      calls.push(one.calls)
    }
    assert.deepEqual(calls[0], calls[1])
    // Two publications where tags move, and nothing that is written alone.
    assert.equal(calls[0]?.filter((call) => call.startsWith('publish')).length, 4)
    assert.equal(calls[0]?.filter((call) => call.startsWith('write')).length, 0)
  })

  it('one write more, when its manifest is durable', async () => {
    const { registry, calls, store } = await world()
    await put(registry, m1, 'v1')
    const link = tagLink(name, parseTag('v1'))
    const writes = calls.filter((call) => !call.startsWith('read') && !call.startsWith('stat'))
    assert.deepEqual(
      writes.map((call) => call.split(' ')[0]),
      ['publish', 'write'],
    )
    assert.equal(writes[1], `write ${link}`)
    assert.ok(!writes[0]?.includes(link))
    assert.ok(writes[0]?.includes(tagHistoryFolder(name, parseTag('v1'))))
    assert.equal(await tagged(store, 'v1'), m1.digest)
  })

  it('a failure of the store is one, and the next push goes on', async () => {
    const one = await world()
    one.turn = async (call) => {
      if (call.startsWith('write')) throw new RegistryError('STORAGE_FULL')
    }
    await assert.rejects(put(one.registry, m1, 'v1'), { code: 'STORAGE_FULL' })
    one.turn = async () => {}
    await put(one.registry, m2, 'v1')
    assert.equal(await tagged(one.store, 'v1'), m2.digest)
  })
})
