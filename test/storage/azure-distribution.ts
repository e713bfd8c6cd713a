import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { createAzureDriver } from '../../src/storage/azure/driver.ts'
import { pattern } from '../../src/storage/contract/support.ts'
import { startParts } from '../http/in-process.ts'
import type { Azurite, TestContainer } from '../support/azurite.ts'
import { http } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'

const mib = 1024 ** 2

/** One container, served by both registries. */
export function describeDistribution(current: () => { server: Azurite; container: TestContainer }): void {
  describe('a container of Distribution 3', () => {
    it('is served as it lies, and back', async (t) => {
      if (!requireProgram(t, 'distribution3')) return
      const { server, container } = current()
      const rootdirectory = `/registries/${randomUUID()}`
      const theirs = await startRegistry(
        {
          kind: 'distribution3',
          config: {
            storage: {
              filesystem: null,
              azure: {
                accountname: server.account,
                accountkey: server.key,
                container: container.name,
                serviceurl: server.url,
                rootdirectory,
                credentials: { type: 'shared_key' },
              },
              redirect: { disable: true },
            },
          },
        },
        t,
      )
      const options = container.options({ rootDirectory: rootdirectory, chunkSize: mib })
      const ours = await startParts(t, {
        driver: await createAzureDriver(options),
        settings: { redirectsBlobs: false },
      })

      const pushed = await push(theirs.url, 'team/app', 'one', [1_000, 5 * mib])
      assert.equal((await readImage(ours.url, 'team/app', 'one')).digest, pushed)
      const back = await push(ours.url, 'team/app', 'two', [2_000, 3 * mib + 3])
      assert.equal((await readImage(theirs.url, 'team/app', 'two')).digest, back)
      // What the other one wrote is replaced.
      assert.equal(await push(ours.url, 'team/app', 'one', [1_000, 5 * mib]), pushed)
      assert.equal((await readImage(theirs.url, 'team/app', 'one')).digest, pushed)
      for (const { url } of [ours, theirs]) {
        const tags = await http('GET', `${url}/v2/team/app/tags/list`)
        assert.deepEqual(tags.json(), { name: 'team/app', tags: ['one', 'two'] })
        const catalog = await http('GET', `${url}/v2/_catalog`)
        assert.deepEqual(catalog.json(), { repositories: ['team/app'] })
      }
      const names = await container.names('registries/')
      assert.ok(names.length > 0)
      assert.ok(names.every((name) => name.startsWith(`${rootdirectory.slice(1)}/docker/registry/v2/`)))
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
