import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pattern } from '../../src/storage/contract/support.ts'
import { createGcsDriver } from '../../src/storage/gcs/driver.ts'
import { startParts } from '../http/in-process.ts'
import type { Cleaner } from '../support/at-exit.ts'
import { makeGcsBucket, startFakeGcs, withoutFakeGcs } from '../support/fake-gcs.ts'
import { http } from '../support/http.ts'
import { mediaTypes } from '../support/images.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'

const kib = 1024
const skip = withoutFakeGcs() ?? false

/**
 * Gives tokens to whoever asks, and leads every tunnel to one port: Distribution sends large blobs to www.googleapis.com, whatever
 * STORAGE_EMULATOR_HOST says.
 */
async function startGoogle(test: Cleaner, tlsPort: number): Promise<string> {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ access_token: 'token', token_type: 'Bearer', expires_in: 3_600 }))
  })
  server.on('connect', (_request, client, head: Buffer) => {
    const onward = connect(tlsPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.write(head)
      client.pipe(onward).pipe(client)
    })
    onward.on('error', () => client.destroy())
    client.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  test.after(() => server.closeAllConnections())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

describe('a bucket of Google Cloud Storage of Distribution 3', { skip }, () => {
  it('is served as it lies, and back', async (t) => {
    if (!requireProgram(t, 'distribution3', 'openssl')) return
    const folder = temporaryFolder(t).path
    const issuer = await makeCertificate(folder, { name: 'authority', use: 'authority' })
    const issued = await makeCertificate(folder, { name: 'google', issuer, hosts: ['www.googleapis.com'] })
    const server = await startFakeGcs(t, issued)
    const bucket = await makeGcsBucket(server)
    const google = await startGoogle(t, server.tlsPort ?? 0)
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const keyfile = join(folder, 'key.json')
    writeFileSync(
      keyfile,
      JSON.stringify({
        type: 'service_account',
        client_email: 'a@p.example',
        private_key: privateKey,
        token_uri: `${google}/token`,
      }),
    )
    const rootDirectory = `/registries/${randomUUID()}`
    const theirs = await startRegistry(
      {
        kind: 'distribution3',
        env: {
          STORAGE_EMULATOR_HOST: server.url,
          HTTPS_PROXY: google,
          SSL_CERT_FILE: issuer.certificate,
        },
        config: {
          storage: {
            filesystem: null,
            gcs: { bucket: bucket.name, keyfile, rootdirectory: rootDirectory, chunksize: 512 * kib },
            redirect: { disable: true },
          },
        },
      },
      t,
    )
    const options = bucket.options({ rootDirectory, chunkSize: 512 * kib })
    const ours = await startParts(t, { driver: await createGcsDriver(options) })

    const pushed = await push(theirs.url, 'team/app', 'one', [1_000, 2_000 * kib + 5])
    assert.equal((await readImage(ours.url, 'team/app', 'one')).digest, pushed)
    const back = await push(ours.url, 'team/app', 'two', [2_000, 3_000 * kib + 3])
    assert.equal((await readImage(theirs.url, 'team/app', 'two')).digest, back)
    for (const { url } of [ours, theirs]) {
      const tags = await http('GET', `${url}/v2/team/app/tags/list`)
      assert.deepEqual(tags.json(), { name: 'team/app', tags: ['one', 'two'] })
      const catalog = await http('GET', `${url}/v2/_catalog`)
      assert.deepEqual(catalog.json(), { repositories: ['team/app'] })
    }
    const keys = await bucket.keys()
    assert.ok(keys.length > 10)
    assert.ok(keys.every((key) => key.startsWith(`${rootDirectory.slice(1)}/docker/registry/v2/`)))
    assert.deepEqual(
      keys.filter((key) => key.includes('/_uploads/')),
      [],
    )
  })
})

/** Pushes as docker does: an upload, its bytes, its digest; then the manifest. Gives the manifest's digest. */
async function push(url: string, name: string, tag: string, sizes: readonly number[]): Promise<string> {
  const blobs = []
  for (const [index, size] of sizes.entries()) {
    const content = pattern(size, size + index)
    const digest = digestOf(content)
    const begun = await http('POST', `${url}/v2/${name}/blobs/uploads/`)
    assert.equal(begun.status, 202)
    // In two halves, so that the upload goes on where another request left it.
    let location = new URL(begun.headers.location ?? '', url)
    for (const [start, end] of [
      [0, size >> 1],
      [size >> 1, size],
    ] as const) {
      const body = content.subarray(start, end)
      const sent = await http('PATCH', location.href, {
        body,
        headers: { 'Content-Range': `${start}-${end - 1}` },
      })
      assert.equal(sent.status, 202, sent.body.toString())
      location = new URL(sent.headers.location ?? '', url)
    }
    location.searchParams.set('digest', digest)
    const done = await http('PUT', location.href)
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
