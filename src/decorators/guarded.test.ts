import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { actions, type Access, type Action, type Caller, type Verdict } from '../registry/access.ts'
import type { Context } from '../registry/context.ts'
import { parseDigest } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { parseRepositoryName, type RepositoryName } from '../registry/name.ts'
import { parseTag, type Reference } from '../registry/reference.ts'
import type { MountSources, Registry } from '../registry/registry.ts'
import { Unauthorized } from '../registry/unauthorized.ts'
import { parseUploadId } from '../registry/upload-id.ts'
import { guarded } from './guarded.ts'

const name = parseRepositoryName('a/b')
const digest = parseDigest(`sha256:${'0'.repeat(64)}`)
const tag = parseTag('v1')
const id = parseUploadId('00000000-0000-4000-8000-000000000000')
const byTag: Reference = { kind: 'tag', tag }
const manifest = { mediaType: 'x', content: new Uint8Array() }

type Tail<Method extends keyof Registry> =
  Parameters<Registry[Method]> extends [Context, ...infer Rest] ? Rest : never

/** A method that is added to `Registry` does not compile here before it has a row: what it is called with, needs, and hides as. */
const rows: {
  readonly [Method in keyof Registry]: readonly [args: Tail<Method>, needs: Action, hidden: string]
} = {
  openBlob: [[name, digest], 'pull', 'BLOB_UNKNOWN'],
  statBlob: [[name, digest], 'pull', 'BLOB_UNKNOWN'],
  locateBlob: [[name, digest, { method: 'GET', client: undefined }], 'pull', 'BLOB_UNKNOWN'],
  getManifest: [[name, byTag], 'pull', 'MANIFEST_UNKNOWN'],
  startUpload: [[name], 'push', 'NAME_UNKNOWN'],
  uploadStatus: [[name, id], 'pull', 'BLOB_UPLOAD_UNKNOWN'],
  appendUpload: [[name, id, { source: nothing() }], 'push', 'BLOB_UPLOAD_UNKNOWN'],
  commitUpload: [[name, id, digest], 'push', 'BLOB_UPLOAD_UNKNOWN'],
  cancelUpload: [[name, id], 'push', 'BLOB_UPLOAD_UNKNOWN'],
  putBlob: [[name, digest, nothing()], 'push', 'NAME_UNKNOWN'],
  mountBlob: [[name, digest, {}], 'push', 'NAME_UNKNOWN'],
  putManifest: [[name, byTag, manifest], 'push', 'MANIFEST_UNKNOWN'],
  deleteBlob: [[name, digest], 'delete', 'BLOB_UNKNOWN'],
  deleteManifest: [[name, digest], 'delete', 'MANIFEST_UNKNOWN'],
  deleteTag: [[name, tag], 'delete', 'MANIFEST_UNKNOWN'],
  repositories: [[], 'list', ''],
  tags: [[name], 'list', 'NAME_UNKNOWN'],
  referrers: [[name, digest], 'pull', ''],
}

async function* nothing(): AsyncGenerator<never, void, undefined> {}

/** Keeps the names of the methods that were called, and lists one repository. */
function recorder(): { readonly inner: Registry; readonly calls: string[] } {
  const calls: string[] = []
  const inner = new Proxy({} as Registry, {
    get: (_, method: string) => {
      if (method === 'repositories') {
        return async function* (): AsyncGenerator<RepositoryName, void, undefined> {
          calls.push(method)
          yield name
        }
      }
      if (method === 'tags' || method === 'referrers') {
        return async function* (): AsyncGenerator<string, void, undefined> {
          calls.push(method)
          yield 'one'
        }
      }
      return async () => void calls.push(method)
    },
  })
  return { inner, calls }
}

const log = { debug(): void {}, info(): void {}, warn(): void {}, error(): void {} }

function contextOf(judge: (access: Access) => Verdict): Context {
  const caller: Caller = { judge }
  return { log, caller }
}

/** Calls a method and takes all that it gives. */
async function call(
  registry: Registry,
  context: Context | { log: typeof log },
  method: keyof Registry,
): Promise<unknown[]> {
  const args = rows[method][0] as unknown[]
  const result = (registry[method] as (...all: unknown[]) => unknown)(context, ...args)
  if (method !== 'repositories' && method !== 'tags' && method !== 'referrers') return [await result]
  const items: unknown[] = []
  for await (const item of result as AsyncIterable<unknown>) items.push(item)
  return items
}

function only(allowed: readonly Action[], refused: Verdict): (access: Access) => Verdict {
  return (access) => {
    if (access.kind === 'entry' || access.kind === 'catalog')
      return allowed.includes('list') ? 'allowed' : refused
    return access.kind === 'repository' && allowed.includes(access.action) ? 'allowed' : refused
  }
}

function isInsufficient(error: unknown): boolean {
  return error instanceof Unauthorized && error.reason === 'insufficient_scope'
}

function codeOf(code: string): (error: unknown) => boolean {
  return (error) => error instanceof RegistryError && error.code === code
}

const methods = Object.keys(rows) as (keyof Registry)[]

describe('a guarded registry', () => {
  for (const method of methods) {
    const [, needs, hidden] = rows[method]
    it(`${method} needs ${needs}, and nothing else`, async () => {
      for (const action of actions) {
        const { inner, calls } = recorder()
        const context = contextOf(only([action], 'unauthenticated'))
        if (action === needs) {
          await call(guarded(inner), context, method)
          assert.deepEqual(calls, [method])
        } else if (method === 'repositories' || method === 'referrers') {
          assert.deepEqual(await call(guarded(inner), context, method), [], 'an empty list')
        } else {
          await assert.rejects(call(guarded(inner), context, method), Unauthorized)
          assert.deepEqual(calls, [])
        }
      }
    })

    it(`${method} tells a known caller no more than he may know`, async () => {
      const { inner, calls } = recorder()
      const none = contextOf(only([], 'denied'))
      if (hidden === '') {
        assert.deepEqual(await call(guarded(inner), none, method), [], 'an empty list')
        return
      }
      await assert.rejects(call(guarded(inner), none, method), codeOf(hidden))
      if (needs !== 'pull')
        await assert.rejects(
          call(guarded(inner), contextOf(only(['pull'], 'denied')), method),
          codeOf('DENIED'),
        )
      assert.deepEqual(calls, [])
    })

    it(`${method} asks for a better token where this one does not say it`, async () => {
      const context = contextOf(only([], 'insufficient scope'))
      const called = call(guarded(recorder().inner), context, method)
      // HTTP has asked already: what is left here is to list nothing.
      if (hidden === '') assert.deepEqual(await called, [])
      else await assert.rejects(called, isInsufficient)
    })

    it(`${method} fails without a caller`, async () => {
      await assert.rejects(call(guarded(recorder().inner), { log }, method), /without a caller/)
    })
  }

  it('asks for each tag of a push', async () => {
    const asked: unknown[] = []
    const context = contextOf((access) => {
      if (access.kind === 'repository' && access.tag !== undefined) asked.push(access.tag)
      return access.kind === 'repository' && access.tag === 'v3' ? 'denied' : 'allowed'
    })
    const { inner, calls } = recorder()
    const registry = guarded(inner)
    await registry.putManifest(context, name, byTag, { ...manifest, tags: [parseTag('v2')] })
    assert.deepEqual(asked, ['v1', 'v2'])
    const more = { ...manifest, tags: [parseTag('v2'), parseTag('v3')] }
    await assert.rejects(registry.putManifest(context, name, byTag, more), codeOf('DENIED'))
    assert.deepEqual(calls, ['putManifest'])
  })

  it('mounts from no repository that its caller may not pull, whoever else may', async () => {
    let sources: MountSources = {}
    const inner = {
      mountBlob: async (_context: Context, _name: RepositoryName, _digest: unknown, given: MountSources) => {
        sources = given
      },
    } as unknown as Registry
    const secret = parseRepositoryName('secret')
    const context = contextOf((access) =>
      access.kind === 'repository' && access.repository === secret ? 'denied' : 'allowed',
    )
    const from = parseRepositoryName('other')
    await guarded(inner).mountBlob(context, name, digest, {
      from,
      readable: async (each) => each !== 'third',
    })
    assert.equal(sources.from, from)
    assert.deepEqual(
      await Promise.all(
        ['other', 'secret', 'third'].map(async (each) => await sources.readable?.(parseRepositoryName(each))),
      ),
      [true, false, false],
    )
  })

  it('looks at no repository for whoever may list none', async () => {
    const { inner, calls } = recorder()
    assert.deepEqual(await call(guarded(inner), contextOf(only(['pull'], 'denied')), 'repositories'), [])
    assert.deepEqual(calls, [])
  })

  it('lets others be served while it passes over repositories', async () => {
    const inner = {
      async *repositories(): AsyncGenerator<string, void, undefined> {
        for (let index = 0; index < 10_000; index++) yield `r${index}`
      },
    } as unknown as Registry
    const context = contextOf(({ kind }) => (kind === 'catalog' ? 'allowed' : 'denied'))
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    for await (const each of guarded(inner).repositories(context)) assert.fail(each)
    clearInterval(timer)
    assert.ok(turns > 1, `${turns} turns`)
  })

  it('shows of the catalog what its caller may list', async () => {
    const inner = {
      async *repositories(): AsyncGenerator<string, void, undefined> {
        yield* ['a', 'b', 'c']
      },
    } as unknown as Registry
    const context = contextOf((access) =>
      access.kind === 'entry' && access.repository === 'b' ? 'denied' : 'allowed',
    )
    const found: string[] = []
    for await (const each of guarded(inner).repositories(context)) found.push(each)
    assert.deepEqual(found, ['a', 'c'])
  })
})
