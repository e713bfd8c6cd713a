import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { pattern } from '../../src/storage/contract/support.ts'
import { storagePath } from '../../src/storage/driver.ts'
import { createS3Driver } from '../../src/storage/s3/driver.ts'
import { startParts } from '../http/in-process.ts'
import { http } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import type { S3Server } from '../support/radosgw.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import type { TestBucket } from '../support/s3-store.ts'

const mib = 1024 ** 2

/** One bucket, served by both registries. */
export function describeDistribution(current: () => { server: S3Server; bucket: TestBucket }): void {
  describe('a bucket of Distribution 3', () => {
    it('is served as it lies, and back', async (t) => {
      if (!requireProgram(t, 'distribution3')) return
      const { server, bucket } = current()
      const rootDirectory = `/registries/${randomUUID()}`
      const theirs = await startRegistry(
        {
          kind: 'distribution3',
          config: {
            storage: {
              filesystem: null,
              s3: {
                accesskey: server.keys.accessKey,
                secretkey: server.keys.secretKey,
                region: 'us-east-1',
                regionendpoint: server.url,
                forcepathstyle: true,
                bucket: bucket.name,
                rootdirectory: rootDirectory,
                chunksize: 5 * mib,
              },
              redirect: { disable: true },
            },
          },
        },
        t,
      )
      const options = bucket.options({ rootDirectory, chunkSize: 5 * mib })
      const driver = await createS3Driver(options)
      const ours = await startParts(t, { driver, settings: { redirectsBlobs: false } })

      const pushed = await push(theirs.url, 'team/app', 'one', [1_000, 12 * mib])
      assert.equal((await readImage(ours.url, 'team/app', 'one')).digest, pushed)
      const back = await push(ours.url, 'team/app', 'two', [2_000, 11 * mib + 3])
      assert.equal((await readImage(theirs.url, 'team/app', 'two')).digest, back)
      for (const { url } of [ours, theirs]) {
        const tags = await http('GET', `${url}/v2/team/app/tags/list`)
        assert.deepEqual(tags.json(), { name: 'team/app', tags: ['one', 'two'] })
        const catalog = await http('GET', `${url}/v2/_catalog`)
        assert.deepEqual(catalog.json(), { repositories: ['team/app'] })
      }
      const keys = await bucket.keys('registries/')
      assert.ok(keys.every((key) => key.startsWith(`${rootDirectory.slice(1)}/docker/registry/v2/`)))
      assert.equal(
        (await ours.driver.stat(storagePath('docker/registry/v2/repositories/team/app')))?.isFolder,
        true,
      )
    })
  })
}

/** Pushes as docker does: an upload, its bytes, its digest; then the manifest. Gives the manifest's digest. */
async function push(url: string, name: string, tag: string, sizes: readonly number[]): Promise<string> {
  const blobs = []
  for (const [index, size] of sizes.entries()) {
    const content = pattern(size, size + index)
    const digest = digestOf(content)
    const begun = await http('POST', `${url}/v2/${name}/blobs/uploads/`)
    assert.equal(begun.status, 202)
    const sent = await http('PATCH', locationOf(url, begun.headers.location), { body: content })
    assert.equal(sent.status, 202, sent.body.toString())
    const end = new URL(locationOf(url, sent.headers.location))
    end.searchParams.set('digest', digest)
    const done = await http('PUT', end.href)
    assert.equal(done.status, 201, done.body.toString())
    blobs.push({ digest, size })
  }
  const [config, ...layers] = blobs
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, ...config },
    layers: layers.map((layer) => ({ mediaType: mediaTypes.ociLayer, ...layer })),
  })
  const put = await http('PUT', `${url}/v2/${name}/manifests/${tag}`, {
    body: manifest,
    headers: { 'Content-Type': mediaTypes.ociManifest },
  })
  assert.equal(put.status, 201, put.body.toString())
  return digestOf(Buffer.from(manifest))
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function locationOf(url: string, location: string | undefined): string {
  return new URL(location ?? '', url).href
}
