import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { storagePath, type StorageDriver } from '../../../src/storage/driver.ts'
import { locationPath } from '../../http/content.ts'
import { startApp, type TestServer } from '../../http/in-process.ts'
import { mediaTypes } from '../../support/images.ts'
import { basic, htpasswdFile } from '../htpasswd-file.ts'
import { groups, users, type Brings } from './callers.ts'
import { existing, issuer, realm, service, tokenRealm } from './evaluator.ts'
import { hasTokens, root, type Policy } from './policies.ts'
import { blobOf, holdings } from './requests.ts'
import { keyId, newKey, Tokens } from './tokens.ts'

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
  /** The public half of the key, as a key set. */
  readonly keySet: string
}

/** What all worlds share. */
export async function writeFiles(folder: string): Promise<Files> {
  const files: Files = {
    htpasswd: join(folder, 'htpasswd'),
    key: join(folder, 'token.pem'),
    keySet: join(folder, 'jwks.json'),
  }
  writeFileSync(files.htpasswd, await htpasswdFile({ ...users, [root.name]: root.password }))
  const key = newKey()
  writeFileSync(files.key, key.export({ format: 'pem', type: 'pkcs8' }))
  const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: keyId, alg: 'ES256' }
  writeFileSync(files.keySet, JSON.stringify({ keys: [jwk] }))
  return files
}

export async function createWorld(t: TestContext, policy: Policy, files: Files): Promise<World> {
  const isForeign = policy.access === 'tokens'
  const server = await startApp(t, {
    auth: isForeign
      ? { token: { realm: tokenRealm, service, issuer, jwks: files.keySet } }
      : { htpasswd: { realm, path: files.htpasswd } },
    access: { rules: policy.rules, groups, token: { key: files.key, service } },
    // So that each request may come from an address of its own.
    http: { trustedproxies: ['127.0.0.1'] },
  })
  const key = createPrivateKey(readFileSync(files.key))
  const tokens = isForeign
    ? Tokens.ofSomebodyElse(policy, key)
    : hasTokens(policy)
      ? await Tokens.ofRegistry(server, policy, key)
      : undefined
  const uploads = new Map<string, string>()
  for (const repository of existing) {
    const header = isForeign
      ? `Bearer ${tokens?.make({ kind: 'token', user: root.name, scope: 'everything' }, repository)}`
      : basic(root.name, root.password)
    uploads.set(repository, await fill(server, repository, header))
  }
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

/** Pushes a manifest and two blobs, and begins an upload. */
async function fill(server: TestServer, repository: string, authorization: string): Promise<string> {
  const asRoot = { Authorization: authorization }
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
