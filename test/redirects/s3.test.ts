import assert from 'node:assert/strict'
import { hash } from 'bcrypt'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { blobKey, locationOf, pushBlob, rootDirectory, startBucket, withClockOff } from './setting.ts'

/** Larger than what a registry keeps in memory. */
const content = Buffer.alloc(200_000, 'some bytes ')

void test('clients are sent to S3 for blobs', async (t) => {
  if (!requireProgram(t, 'versitygw', 'distribution3')) return
  let requests = 0
  const { storage, bucket, host } = await startBucket(t, () => requests++)
  const [ours, theirs] = await Promise.all([
    startRegistry({ kind: 'berth', config: { storage }, env: { OTEL_TRACES_EXPORTER: 'console' } }, t),
    startRegistry({ kind: 'distribution3', config: { storage } }, t),
  ])
  const digest = await pushBlob(ours.url, 'team/app', content)
  const small = await pushBlob(ours.url, 'team/app', Buffer.from('{}'))
  const path = `/v2/team/app/blobs/${digest}`

  await t.test('with the status, headers and URL of Distribution, whatever they ask for', async () => {
    const asked = [
      {},
      { Range: 'bytes=5-9' },
      { Range: 'bytes=999999-' },
      { 'If-None-Match': `"${digest}"` },
      { 'If-Match': '"other"' },
    ]
    for (const method of ['GET', 'HEAD']) {
      for (const headers of asked) {
        const [a, b] = await Promise.all(
          [ours, theirs].map(({ url }) => http(method, url + path, { headers })),
        )
        assert.ok(a !== undefined && b !== undefined)
        const [url, other] = [locationOf(a), locationOf(b)]
        const { date, location, connection, 'x-request-id': id, ...rest } = a.headers
        assert.ok(
          date !== undefined && location !== undefined && connection !== undefined && id !== undefined,
        )
        // Go's server says nothing of the length of an answer to HEAD.
        for (const [name, value] of Object.entries(rest))
          if (!(method === 'HEAD' && name === 'content-length')) assert.equal(value, b.headers[name], name)
        assert.equal(rest['content-type'], 'application/octet-stream')
        assert.equal(a.body.length, 0)
        assert.equal(url.origin + url.pathname, other.origin + other.pathname)
        assert.equal(url.href.split('?')[0], `http://${host}/${bucket}/${rootDirectory}/${blobKey(digest)}`)
        for (const name of other.searchParams.keys()) assert.ok(url.searchParams.has(name), name)
        for (const name of ['X-Amz-Expires', 'X-Amz-SignedHeaders', 'X-Amz-Algorithm'])
          assert.equal(url.searchParams.get(name), other.searchParams.get(name), name)
        assert.equal(url.searchParams.get('X-Amz-Expires'), '1200')
      }
    }
  })

  await t.test('by a URL that is signed for their method, and heeds ranges', async () => {
    const get = locationOf(await http('GET', ours.url + path))
    const head = locationOf(await http('HEAD', ours.url + path))
    assert.equal(digestOf((await http('GET', get.href)).body), digest)
    const part = await http('GET', get.href, { headers: { Range: 'bytes=5-9' } })
    assert.equal(part.status, 206)
    assert.equal(part.headers['content-range'], 'bytes 5-9/200000')
    assert.equal(part.body.toString(), content.subarray(5, 10).toString())
    const about = await http('HEAD', head.href)
    assert.equal(about.status, 200)
    assert.equal(about.headers['content-length'], '200000')
    assert.equal((await http('HEAD', get.href)).status, 403)
    assert.equal((await http('GET', head.href)).status, 403)
  })

  await t.test('for small ones, too, and for no manifests', async () => {
    const url = locationOf(await http('GET', `${ours.url}/v2/team/app/blobs/${small}`))
    assert.equal((await http('GET', url.href)).body.toString(), '{}')
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: small, size: 2 }
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config: descriptor, layers: [] })
    const at = `${ours.url}/v2/team/app/manifests/v1`
    assert.equal((await http('PUT', at, { body: manifest, headers: { 'Content-Type': type } })).status, 201)
    for (const method of ['GET', 'HEAD']) assert.equal((await http(method, at)).status, 200)
  })

  await t.test('only for what their repository has', async () => {
    for (const { url } of [ours, theirs]) {
      for (const method of ['GET', 'HEAD']) {
        for (const absent of [`other/blobs/${digest}`, `team/app/blobs/sha256:${'0'.repeat(64)}`]) {
          const answer = await http(method, `${url}/v2/${absent}`)
          assert.equal(answer.status, 404, `${method} ${absent}`)
          assert.equal(answer.headers.location, undefined)
        }
      }
    }
  })

  await t.test('and no log or trace has what is signed', async () => {
    await ours.stop()
    const said = ours.output()
    // Not asserted with the text, which would fill a screen.
    for (const there of ['http.response.status=307', 'RedirectURL', '" 307 0 '])
      assert.ok(said.includes(there), there)
    assert.ok(!/signature|x-amz/i.test(said))
  })

  await t.test('not without the right to pull', async () => {
    const file = join(temporaryFolder(t).path, 'htpasswd')
    writeFileSync(file, `me:${await hash('pass word', 4)}\n`)
    const auth = { htpasswd: { realm: 'r', path: file } }
    const guarded = await startRegistry({ kind: 'berth', config: { storage, auth } }, t)
    const Authorization = `Basic ${Buffer.from('me:pass word').toString('base64')}`
    for (const method of ['GET', 'HEAD']) {
      const refused = await http(method, guarded.url + path)
      assert.equal(refused.status, 401)
      assert.equal(refused.headers.location, undefined)
      locationOf(await http(method, guarded.url + path, { headers: { Authorization } }))
    }
  })

  await t.test('not with storage.redirect.disable', async () => {
    const config = { storage: { ...storage, redirect: { disable: true } } }
    const serving = await startRegistry({ kind: 'berth', config }, t)
    const whole = await http('GET', serving.url + path)
    assert.equal(whole.status, 200)
    assert.equal(digestOf(whole.body), digest)
    assert.equal((await http('HEAD', serving.url + path)).headers['content-length'], '200000')
    const part = await http('GET', serving.url + path, { headers: { Range: 'bytes=5-9' } })
    assert.equal(part.status, 206)
    const known = await http('GET', serving.url + path, { headers: { 'If-None-Match': `"${digest}"` } })
    assert.equal(known.status, 304)
  })

  for (const minutes of process.env['BERTH_FULL'] === undefined ? [-20] : [-20, 20, 180]) {
    await t.test(
      `by URLs that S3 takes from a registry whose clock is off by ${minutes} minutes`,
      async () => {
        const nodeFlags = withClockOff(minutes * 60_000)
        requests = 0
        const skewed = await startRegistry({ kind: 'berth', config: { storage }, nodeFlags }, t)
        // What is refused for its time is sent once more; what fails for other reasons is not.
        assert.ok(requests < 40, `${requests} requests to start`)
        for (const method of ['GET', 'HEAD']) {
          const url = locationOf(await http(method, skewed.url + path))
          const followed = await http(method, url.href)
          assert.equal(followed.status, 200, followed.body.toString())
        }
      },
    )
  }
})
