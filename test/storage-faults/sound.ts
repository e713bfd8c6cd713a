import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { removeProbes } from '../../src/storage/probes.ts'
import type { StorageDriver } from '../../src/storage/driver.ts'
import { storagePath } from '../../src/storage/driver.ts'
import { purgeUploads } from '../../src/stored/upload-purge.ts'
import { readImage } from '../support/registry-content.ts'
import type { PushedManifest } from './client.ts'
import { driverOn, type Root } from './rig.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * What must be true after any fault: every acknowledged push can be pulled whole; nothing visible is incomplete; and once the purge
 * of abandoned uploads came by, nothing is in the bucket that is no part of a complete object.
 *
 * @param pushes those that were acknowledged, and not deleted since
 * @param url of a registry on that root
 */
export async function assertSound(
  root: Root,
  url: string,
  pushes: readonly PushedManifest[],
): Promise<{ readonly purged: number }> {
  for (const { repository, digest, tag } of pushes) {
    const image = await readImage(url, repository, tag)
    assert.equal(image.digest, digest, `${repository}:${tag}`)
    await readImage(url, repository, digest)
  }
  const driver = await driverOn(root)
  try {
    // Whatever is under way was given up: the faults are over.
    const purged = await purgeUploads(driver, { age: -60_000, dryRun: false }, log)
    const leftovers = await driver.removeLeftovers(-60_000)
    await removeProbes(driver, -60_000)
    await assertOnlyComplete(root, driver)
    return { purged: purged + leftovers }
  } finally {
    await driver.close()
  }
}

async function assertOnlyComplete({ name, rig }: Root, driver: StorageDriver): Promise<void> {
  assert.deepEqual(await rig.bucket.pending(name), [], 'multipart uploads that nobody ends')
  const prefix = `${name}/docker/registry/v2/`
  const all = await rig.bucket.keys(`${name}/`)
  const keys = new Set(all.map((key) => key.slice(prefix.length)))
  const read = async (key: string): Promise<string> =>
    (await driver.read(storagePath(`docker/registry/v2/${key}`)))?.toString() ?? ''
  for (const key of all) assert.ok(key.startsWith(prefix), `${key} is no part of a registry`)
  for (const key of keys) {
    const blob = /^blobs\/sha256\/(..)\/(\1[0-9a-f]{62})\/data$/.exec(key)
    if (blob !== null) {
      assert.equal(await hashOf(driver, key), blob[2], `${key} is damaged`)
      continue
    }
    const layer = /^repositories\/.+\/_layers\/sha256\/([0-9a-f]{64})\/link$/.exec(key)
    if (layer !== null) {
      assert.equal(await read(key), `sha256:${layer[1]}`)
      assert.ok(keys.has(dataOf(`sha256:${layer[1]}`)), `${key} shows a blob that is not there`)
      continue
    }
    const revision = /^repositories\/(.+)\/_manifests\/revisions\/sha256\/([0-9a-f]{64})\/link$/.exec(key)
    if (revision !== null) {
      const digest = `sha256:${revision[2]}`
      assert.equal(await read(key), digest)
      assert.ok(keys.has(dataOf(digest)), `${key} shows a manifest that is not there`)
      const manifest: unknown = JSON.parse(await read(dataOf(digest)))
      for (const needed of referencesOf(manifest)) {
        assert.ok(keys.has(dataOf(needed)), `the manifest ${digest} lacks ${needed}`)
        const link = `repositories/${revision[1]}/_layers/${needed.replace(':', '/')}/link`
        assert.ok(keys.has(link), `the manifest ${digest} lacks ${link}`)
      }
      continue
    }
    const tag =
      /^(repositories\/.+\/_manifests)\/tags\/[^/]+\/(current|index\/sha256\/[0-9a-f]{64})\/link$/.exec(key)
    if (tag !== null) {
      // The history names also what was deleted since.
      const link = `${tag[1]}/revisions/${(await read(key)).replace(':', '/')}/link`
      if (tag[2] === 'current') assert.ok(keys.has(link), `${key} points at nothing`)
      continue
    }
    assert.match(key, /^repositories\/.+\/_(?:referrers|digests)\//, `${key} is left, and no purge finds it`)
  }
}

function dataOf(digest: string): string {
  return `blobs/${digest.replace(':', '/').replace(/\/(..)/, '/$1/$1')}/data`
}

async function hashOf(driver: StorageDriver, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of (await driver.open(storagePath(`docker/registry/v2/${key}`))) ?? [])
    hash.update(chunk)
  return hash.digest('hex')
}

function referencesOf(manifest: unknown): readonly string[] {
  const found: string[] = []
  JSON.stringify(manifest, (name, value: unknown) => {
    if (name === 'digest' && typeof value === 'string') found.push(value)
    return value
  })
  return found
}
