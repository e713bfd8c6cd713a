import assert from 'node:assert/strict'
import test from 'node:test'
import { readImage } from '../support/registry-content.ts'
import { node24 } from '../support/registry-process.ts'
import { sharedFolder, startReplicas } from '../support/replicas.ts'
import { requireProgram } from '../support/require-program.ts'
import {
  commitUpload,
  beginUpload,
  blobOf,
  manifestOf,
  patchUpload,
  pushBlob,
  putManifest,
  tagAt,
} from './client.ts'
import { testModel } from './model.ts'
import { replicaConfig } from './settings.ts'
import { testDeleting, testSharing } from './sharing.ts'

const isFull = process.env['BERTH_FULL'] !== undefined

void test('three replicas on one folder', { concurrency: true }, async (t) => {
  // Of two versions of Node, and with a secret for each: neither matters.
  const replicas = await startReplicas(
    sharedFolder(t),
    [{ config: replicaConfig }, { config: replicaConfig, nodeBinary: node24 }, { config: replicaConfig }],
    t,
  )
  await testSharing(t, replicas, { rounds: isFull ? 300 : 15 })
  await Promise.all([
    testDeleting(t, replicas, { rounds: isFull ? 300 : 15 }),
    testModel(t, replicas, { clients: isFull ? 6 : 3, operations: isFull ? 1000 : 60 }),
  ])
})

void test('a replica that only reads, beside one that writes', async (t) => {
  const store = sharedFolder(t)
  const readonly = { storage: { ...store.storage, maintenance: { readonly: { enabled: true } } } }
  const [writer, reader] = await startReplicas(store, [{ config: replicaConfig }, { config: readonly }], t)
  assert.ok(writer !== undefined && reader !== undefined)
  const config = blobOf('{"read": "only"}')
  const manifest = manifestOf(config, [])
  await pushBlob([writer.url], 'team/app', config)
  assert.equal((await putManifest(writer.url, 'team/app', 'v1', manifest)).status, 201)
  assert.equal(await tagAt(reader.url, 'team/app', 'v1'), manifest.digest)
  assert.equal((await putManifest(reader.url, 'team/app', 'v2', manifest)).status, 405)
  const other = manifestOf(config, [], 'other')
  assert.equal((await putManifest(writer.url, 'team/app', 'v1', other)).status, 201)
  assert.equal(await tagAt(reader.url, 'team/app', 'v1'), other.digest)
})

void test('Distribution 2.8 and Berth on one folder', async (t) => {
  if (!requireProgram(t, 'docker-registry')) return
  const store = sharedFolder(t)
  const [berth, other] = await startReplicas(
    store,
    [{ config: replicaConfig }, { kind: 'distribution2', config: { http: { secret: 'theirs' } } }],
    t,
  )
  assert.ok(berth !== undefined && other !== undefined)
  const config = blobOf('{"both": true}')
  const layer = blobOf('a layer')
  const manifests = [manifestOf(config, [layer], 'ours'), manifestOf(config, [layer], 'theirs')]
  const urls: readonly [string, string] = [berth.url, other.url]
  for (const [at, url] of urls.entries()) {
    const repository = `mixed/${at}`
    for (const blob of [config, layer]) assert.equal((await pushBlob([url], repository, blob)).status, 201)
    for (const manifest of manifests) {
      assert.equal((await putManifest(url, repository, 'v1', manifest)).status, 201)
      for (const place of urls)
        assert.equal((await readImage(place, repository, 'v1')).digest, manifest.digest)
    }
    // And a tag that the other one moves.
    const mover = at === 0 ? urls[1] : urls[0]
    assert.equal((await putManifest(mover, repository, 'v1', manifests[0] ?? config)).status, 201)
    assert.equal(await tagAt(url, repository, 'v1'), manifests[0]?.digest)
  }
  // An upload stays with the kind that it was begun at: theirs carries its state in the Location, ours in the store.
  const ours = await beginUpload(berth.url, 'mixed/0')
  assert.equal((await patchUpload(other.url, ours, layer.content)).status, 404)
  const theirs = await beginUpload(other.url, 'mixed/0')
  assert.equal((await commitUpload(berth.url, theirs, layer.digest, layer.content)).status, 404)
})
