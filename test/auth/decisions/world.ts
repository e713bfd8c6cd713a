import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { storagePath, type StorageDriver } from '../../../src/storage/driver.ts'
import { locationPath } from '../../http/content.ts'
import { startApp, type TestServer } from '../../http/in-process.ts'
import { mediaTypes } from '../../support/images.ts'
import { basic, htpasswdFile } from '../htpasswd-file.ts'
import { readToken, signToken, type GrantedAccess, type TokenParts } from '../signed-token.ts'
import { groups, users, type Brings } from './callers.ts'
import { existing, grantedActions, mayAskForCatalog, realm, service } from './evaluator.ts'
import { hasTokens, root, type Policy } from './policies.ts'
import { blobOf, holdings } from './requests.ts'

/** A registry by some rules, and what lies in it. */
export interface World {
  readonly server: TestServer
  /** Of an upload that is under way in each of the repositories. */
  readonly uploads: ReadonlyMap<string, string>
  /** The value of an `Authorization` header; undefined for none. */
  authorization(brings: Brings, repository: string): string | undefined
  /** Whether nothing was written since it was last asked. What was, is put right. */
  restore(): Promise<boolean>
}

export interface Files {
  readonly htpasswd: string
  readonly key: string
}

/** What all worlds share. */
export async function writeFiles(folder: string): Promise<Files> {
  const files = { htpasswd: join(folder, 'htpasswd'), key: join(folder, 'token.pem') }
  writeFileSync(files.htpasswd, await htpasswdFile({ ...users, [root.name]: root.password }))
  writeFileSync(files.key, newKey().export({ format: 'pem', type: 'pkcs8' }))
  return files
}

export async function createWorld(t: TestContext, policy: Policy, files: Files): Promise<World> {
  const server = await startApp(t, {
    auth: { htpasswd: { realm, path: files.htpasswd } },
    access: { rules: policy.rules, groups, token: { key: files.key, service } },
    // So that each request may come from an address of its own.
    http: { trustedproxies: ['127.0.0.1'] },
  })
  const uploads = new Map<string, string>()
  for (const repository of existing) uploads.set(repository, await fill(server, repository))
  const key = createPrivateKey(readFileSync(files.key))
  const tokens = hasTokens(policy) ? await Tokens.from(server, policy, key) : undefined
  const before = await read(server.driver)
  const writes = watchWrites(server.driver)
  return {
    server,
    uploads,
    authorization: (brings, repository) => {
      if (brings.kind === 'nothing') return undefined
      if (brings.kind === 'password') return basic(brings.user, brings.password)
      if (brings.kind === 'header') return brings.value
      // Where there are no tokens, any is as good as none.
      return `Bearer ${tokens?.make(brings, repository) ?? 'e30.e30.e30'}`
    },
    restore: async () => {
      if (writes.count === 0) return true
      await restore(server.driver, before)
      writes.count = 0
      return false
    },
  }
}

const asRoot = { Authorization: basic(root.name, root.password) }

/** Pushes a manifest and two blobs, and begins an upload. */
async function fill(server: TestServer, repository: string): Promise<string> {
  const at = `/v2/${repository}`
  const { tag, manifest, blob } = holdings
  const push = async (method: string, path: string, type: string, body: string): Promise<void> => {
    const headers = { ...asRoot, 'Content-Type': type }
    const answer = await server.call(method, `${at}/${path}`, { headers, body })
    assert.equal(answer.status, 201, answer.body.toString())
  }
  for (const { content, digest } of [blob, blobOf(repository)])
    await push('POST', `blobs/uploads/?digest=${digest}`, 'application/octet-stream', content)
  await push('PUT', `manifests/${tag}`, mediaTypes.ociIndex, manifest.content)
  const started = await server.call('POST', `${at}/blobs/uploads/`, { headers: asRoot })
  assert.equal(started.status, 202, started.body.toString())
  const path = locationPath(started)
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Makes tokens as the registry does: those that it gives, with other claims. */
class Tokens {
  readonly #policy: Policy
  readonly #key: KeyObject
  readonly #samples: ReadonlyMap<string | undefined, TokenParts>

  private constructor(policy: Policy, key: KeyObject, samples: ReadonlyMap<string | undefined, TokenParts>) {
    this.#policy = policy
    this.#key = key
    this.#samples = samples
  }

  static async from(server: TestServer, policy: Policy, key: KeyObject): Promise<Tokens> {
    const samples = new Map<string | undefined, TokenParts>()
    for (const user of [undefined, ...Object.keys(users)]) {
      const headers = user === undefined ? {} : { Authorization: basic(user, users[user] ?? '') }
      const answer = await server.call('GET', `/auth/token?service=${service}`, { headers })
      assert.equal(answer.status, 200, answer.body.toString())
      samples.set(user, readToken((answer.json() as { token: string }).token))
    }
    return new Tokens(policy, key, samples)
  }

  make(brings: Extract<Brings, { kind: 'token' | 'bad token' }>, repository: string): string {
    if (brings.kind === 'token')
      return this.#sign(brings.user, { access: this.#accessOf(brings, repository) })
    const access = everything(repository)
    const now = Math.floor(Date.now() / 1000)
    switch (brings.how) {
      case 'expired':
        return this.#sign('alice', { access, iat: now - 600, nbf: now - 600, exp: now - 300 })
      case 'too early':
        return this.#sign('alice', { access, iat: now + 300, nbf: now + 300, exp: now + 600 })
      case 'of another key':
        return this.#sign('alice', { access }, newKey())
      case 'for another service':
        return this.#sign('alice', { access, iss: 'elsewhere', aud: 'elsewhere' })
      default:
        // Of a user who is gone.
        return this.#sign('alice', { access, sub: 'gone' })
    }
  }

  #accessOf({ user, scope }: Extract<Brings, { kind: 'token' }>, repository: string): GrantedAccess[] {
    switch (scope) {
      case 'everything':
        return everything(repository)
      case 'granted': {
        const catalog = mayAskForCatalog(this.#policy, user) ? [wholeCatalog] : []
        return [...this.#granted(user, repository, ['pull', 'push', 'delete']), ...catalog]
      }
      case 'pull':
        return this.#granted(user, repository, ['pull'])
      case 'elsewhere':
        return [{ type: 'repository', name: 'other/there', actions: ['pull', 'push', 'delete'] }]
      default:
        return []
    }
  }

  #granted(
    user: string | undefined,
    repository: string,
    asked: readonly ('pull' | 'push' | 'delete')[],
  ): GrantedAccess[] {
    return askedAbout(repository)
      .map((name) => ({
        type: 'repository',
        name,
        actions: grantedActions(this.#policy, user, name, asked),
      }))
      .filter(({ actions }) => actions.length > 0)
  }

  #sign(user: string | undefined, claims: object, key = this.#key): string {
    const sample = this.#samples.get(user)
    assert.ok(sample)
    return signToken({ header: sample.header, claims: { ...sample.claims, ...claims } }, key)
  }
}

const wholeCatalog: GrantedAccess = { type: 'registry', name: 'catalog', actions: ['*'] }

function everything(repository: string): GrantedAccess[] {
  const actions = ['pull', 'push', 'delete']
  return [...askedAbout(repository).map((name) => ({ type: 'repository', name, actions })), wholeCatalog]
}

/** The repository, and those that mounts are from. */
function askedAbout(repository: string): readonly string[] {
  return [...new Set([repository, ...existing, 'shelf/empty'])]
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

type Store = ReadonlyMap<string, Buffer>

async function read(
  driver: StorageDriver,
  below = 'docker',
  store = new Map<string, Buffer>(),
): Promise<Store> {
  for await (const name of driver.list(storagePath(below))) {
    const path = `${below}/${name}`
    const content = await driver.read(storagePath(path))
    if (content === undefined) await read(driver, path, store)
    else store.set(path, content)
  }
  return store
}

/** Behind the registry's back. */
async function restore(driver: StorageDriver, before: Store): Promise<void> {
  const now = await read(driver)
  for (const path of now.keys()) if (!before.has(path)) await driver.delete(storagePath(path))
  for (const [path, content] of before)
    if (now.get(path)?.equals(content) !== true) await driver.write(storagePath(path), content)
}

/** Counts calls of a driver that may change something. */
function watchWrites(driver: StorageDriver): { count: number } {
  const writes = { count: 0 }
  const changing = ['write', 'publish', 'create', 'move', 'delete', 'deleteTree'] as const
  for (const name of changing) {
    const method = driver[name] as (...args: readonly unknown[]) => unknown
    Object.defineProperty(driver, name, {
      value: (...args: readonly unknown[]) => {
        writes.count++
        return method.apply(driver, [...args])
      },
    })
  }
  return writes
}
