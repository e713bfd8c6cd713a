import assert from 'node:assert/strict'
import test from 'node:test'
import { contentOf, newBlob, octets, pushBlob, withDigest, startUpload, zeroBytes } from './content.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { contentHeaders, outcome, startApp } from './in-process.ts'

// The sizes around which the server changes how it reads: kept in memory, one buffer, several.
const sizes = [1, 1000, 65_536, 65_537, 300_000, 3_000_000]

for (const driver of ['inmemory', 'filesystem'] as const) {
  void test(`blobs (${driver})`, async (t) => {
    const storage =
      driver === 'inmemory' ? {} : { storage: { filesystem: { rootdirectory: temporaryFolder(t).path } } }
    const server = await startApp(t, storage)

    for (const size of sizes) {
      await t.test(`${size} bytes, whole and in parts`, async () => {
        const { content, digest } = newBlob(size)
        await pushBlob(server, 'blobs', { content, digest })
        const path = `/v2/blobs/blobs/${digest}`
        const get = await server.call('GET', path)
        assert.equal(get.status, 200)
        assert.deepEqual(get.body, content)
        assert.deepEqual(contentHeaders(get.headers), {
          'docker-distribution-api-version': 'registry/2.0',
          'content-type': 'application/octet-stream',
          'content-length': String(size),
          'docker-content-digest': digest,
          etag: `"${digest}"`,
          'cache-control': 'max-age=31536000',
          'accept-ranges': 'bytes',
        })
        const head = await server.call('HEAD', path)
        assert.equal(head.status, 200)
        assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))

        const half = Math.floor(size / 2)
        for (const [range, start, end] of [
          ['0-', 0, size],
          ['0-0', 0, 1],
          [`${half}-`, half, size],
          [`${half}-${half}`, half, half + 1],
          [`${size - 1}-`, size - 1, size],
          [`${half}-999999999999`, half, size],
          ['-1', size - 1, size],
          [`-${size}`, 0, size],
        ] as const) {
          const answer = await server.call('GET', path, { headers: { Range: `bytes=${range}` } })
          assert.equal(answer.status, 206, range)
          assert.equal(answer.headers['content-range'], `bytes ${start}-${end - 1}/${size}`, range)
          assert.equal(answer.headers['content-type'], 'application/octet-stream')
          assert.equal(answer.headers['docker-content-digest'], digest)
          assert.equal(answer.headers.etag, `"${digest}"`)
          assert.deepEqual(answer.body, content.subarray(start, end), range)
        }
        for (const range of [`${size}-`, `${size}-${size + 5}`, '99999999999999999999-', '-0']) {
          const answer = await server.call('GET', path, { headers: { Range: `bytes=${range}` } })
          assert.equal(answer.status, 416, range)
          assert.equal(answer.headers['content-range'], `bytes */${size}`, range)
        }
        for (const range of ['items=0-5', 'bytes 0-5', 'bytes=', 'bytes=a-b', 'bytes=5', 'bytes=-']) {
          const answer = await server.call('GET', path, { headers: { Range: range } })
          assert.equal(answer.status, 200, range)
          assert.equal(answer.body.length, size, range)
        }
        const backwards = await server.call('GET', path, { headers: { Range: 'bytes=5-2' } })
        assert.ok([200, 416].includes(backwards.status))
        const onHead = await server.call('HEAD', path, { headers: { Range: 'bytes=0-0' } })
        assert.equal(onHead.status, 200)
        assert.equal(onHead.headers['content-length'], String(size))
      })
    }

    await t.test('a suffix that is longer than the whole is the whole (RFC 9110, 14.1.2)', async () => {
      const { content, digest } = newBlob(5000)
      await pushBlob(server, 'suffix', { content, digest })
      const headers = { Range: 'bytes=-6000' }
      const answer = await server.call('GET', `/v2/suffix/blobs/${digest}`, { headers })
      assert.ok([200, 206].includes(answer.status), String(answer.status))
      assert.deepEqual(answer.body, content)
    })

    await t.test('no bytes at all', async () => {
      await pushBlob(server, 'zero', zeroBytes)
      const path = `/v2/zero/blobs/${zeroBytes.digest}`
      const get = await server.call('GET', path)
      assert.equal(get.status, 200)
      assert.equal(get.headers['content-length'], '0')
      const head = await server.call('HEAD', path)
      assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
      const range = await server.call('GET', path, { headers: { Range: 'bytes=0-' } })
      assert.ok([200, 416].includes(range.status))
    })

    await t.test('several ranges in one answer', async () => {
      const { content, digest } = newBlob(200_000)
      await pushBlob(server, 'several', { content, digest })
      const path = `/v2/several/blobs/${digest}`
      const answer = await server.call('GET', path, {
        headers: { Range: 'bytes=0-9, 100-199,150000-,500000-600000, -5' },
      })
      assert.equal(answer.status, 206)
      const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(
        String(answer.headers['content-type']),
      )?.[1]
      assert.ok(boundary)
      const parts = [
        [0, 10],
        [100, 200],
        [150_000, 200_000],
        [199_995, 200_000],
      ] as const
      const expected = parts.map(([start, end]) =>
        Buffer.concat([
          Buffer.from(
            `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${start}-${end - 1}/200000\r\n\r\n`,
          ),
          content.subarray(start, end),
          Buffer.from('\r\n'),
        ]),
      )
      const whole = Buffer.concat([...expected, Buffer.from(`--${boundary}--\r\n`)])
      assert.ok(answer.body.equals(whole))
      assert.equal(answer.headers['docker-content-digest'], digest)
      const none = await server.call('GET', path, { headers: { Range: 'bytes=200000-,300000-' } })
      assert.equal(none.status, 416)
    })
  })
}

void test('conditions on blobs', async (t) => {
  const server = await startApp(t)
  const { content, digest } = newBlob(5000)
  await pushBlob(server, 'conditions', { content, digest })
  const path = `/v2/conditions/blobs/${digest}`
  const etag = `"${digest}"`
  const rows: readonly (readonly [headers: Record<string, string>, status: number])[] = [
    [{ 'If-None-Match': etag }, 304],
    [{ 'If-None-Match': digest }, 304],
    [{ 'If-None-Match': `W/${etag}` }, 304],
    [{ 'If-None-Match': '*' }, 304],
    [{ 'If-None-Match': `"a", ${etag}` }, 304],
    [{ 'If-None-Match': '"other"' }, 200],
    [{ 'If-None-Match': etag, Range: 'bytes=0-1' }, 304],
    [{ 'If-Match': etag }, 200],
    [{ 'If-Match': '*' }, 200],
    [{ 'If-Match': `"other", ${etag}` }, 200],
    [{ 'If-Match': '"other"' }, 412],
    [{ 'If-Match': '"other"', 'If-None-Match': etag }, 412],
    [{ 'If-Range': etag, Range: 'bytes=0-1' }, 206],
    [{ 'If-Range': '"other"', Range: 'bytes=0-1' }, 200],
    [{ 'If-Range': 'Wed, 21 Oct 2015 07:28:00 GMT', Range: 'bytes=0-1' }, 200],
    [{ 'If-Range': '"other"', Range: 'bytes=9999-' }, 200],
  ]
  for (const [headers, status] of rows) {
    await t.test(`${JSON.stringify(headers)}: ${status}`, async () => {
      const answer = await server.call('GET', path, { headers })
      assert.equal(answer.status, status)
      if (status === 304) {
        assert.equal(answer.headers.etag, etag)
        assert.equal(answer.headers['cache-control'], 'max-age=31536000')
        assert.equal(answer.body.length, 0)
      }
      if (status === 200) assert.deepEqual(answer.body, content)
      if (headers['Range'] === undefined) {
        const head = await server.call('HEAD', path, { headers })
        assert.equal(head.status, status)
        if (status !== 412) assert.deepEqual(contentHeaders(head.headers), contentHeaders(answer.headers))
      }
    })
  }
})

void test('blobs that are not there', async (t) => {
  const server = await startApp(t)
  const { digest } = newBlob(10)
  const elsewhere = newBlob(10)
  await pushBlob(server, 'elsewhere', elsewhere)
  for (const [repository, asked] of [
    ['nowhere', digest],
    ['elsewhere', digest],
    ['nowhere', elsewhere.digest],
    ['nowhere', digestOf('x', 'sha512')],
  ] as const) {
    const path = `/v2/${repository}/blobs/${asked}`
    const get = await server.call('GET', path)
    assert.equal(outcome(get), '404 BLOB_UNKNOWN')
    assert.equal((get.json() as { errors: [{ detail: unknown }] }).errors[0].detail, asked)
    const head = await server.call('HEAD', path)
    assert.equal(head.status, 404)
    assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
    assert.equal(outcome(await server.call('DELETE', path)), '404 BLOB_UNKNOWN')
  }
})

void test('digests of other algorithms', async (t) => {
  const server = await startApp(t)
  for (const algorithm of ['sha512', 'sha384'] as const) {
    const ways: Record<string, (digest: string, content: Buffer) => Promise<number>> = {
      'in one POST': async (digest, body) => {
        const path = `/v2/${algorithm}/blobs/uploads/?digest=${digest}`
        return (await server.call('POST', path, { headers: octets, body })).status
      },
      'POST and PUT': async (digest, body) => {
        const path = withDigest(await startUpload(server, algorithm), digest)
        return (await server.call('PUT', path, { headers: octets, body })).status
      },
      'POST with digest-algorithm, PATCH and PUT': async (digest, body) => {
        const path = await startUpload(server, algorithm, `?digest-algorithm=${algorithm}`)
        await server.call('PATCH', path, { headers: octets, body })
        return (await server.call('PUT', withDigest(path, digest))).status
      },
      'POST without digest-algorithm, two PATCHes and PUT': async (digest, body) => {
        const path = await startUpload(server, algorithm)
        await server.call('PATCH', path, { headers: octets, body: body.subarray(0, 50_000) })
        await server.call('PATCH', path, { headers: octets, body: body.subarray(50_000) })
        return (await server.call('PUT', withDigest(path, digest))).status
      },
      'digest-algorithm of another digest than the last one': async (digest, body) => {
        const other = algorithm === 'sha512' ? 'sha384' : 'sha512'
        const path = await startUpload(server, algorithm, `?digest-algorithm=${other}`)
        await server.call('PATCH', path, { headers: octets, body })
        return (await server.call('PUT', withDigest(path, digest))).status
      },
    }
    for (const [way, push] of Object.entries(ways)) {
      await t.test(`${algorithm}: ${way}`, async () => {
        const { content, digest: sha256 } = newBlob(100_000)
        const digest = digestOf(content, algorithm)
        assert.equal(await push(digest, content), 201)
        const answer = await server.call('GET', `/v2/${algorithm}/blobs/${digest}`)
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.body, content)
        assert.equal(answer.headers['docker-content-digest'], digest)
        assert.equal(answer.headers.etag, `"${digest}"`)
        assert.equal((await server.call('HEAD', `/v2/${algorithm}/blobs/${sha256}`)).status, 200)
        const wrong = digestOf('other', algorithm)
        assert.equal(await push(wrong, newBlob(100_000).content), 400)
        assert.equal((await server.call('HEAD', `/v2/${algorithm}/blobs/${wrong}`)).status, 404)
      })
    }
    await t.test(`${algorithm}: no bytes`, async () => {
      const digest = digestOf('', algorithm)
      const path = `/v2/${algorithm}/blobs/uploads/?digest=${digest}`
      assert.equal((await server.call('POST', path)).status, 201)
      const answer = await server.call('GET', `/v2/${algorithm}/blobs/${digest}`)
      assert.equal(answer.status, 200)
      assert.equal(answer.body.length, 0)
    })
  }

  await t.test('an algorithm that is not known', async () => {
    for (const name of ['md5', 'sha1', 'SHA512', '__proto__', '']) {
      const answer = await server.call('POST', `/v2/a/blobs/uploads/?digest-algorithm=${name}`)
      assert.equal(outcome(answer), '400 DIGEST_INVALID', name)
    }
    const path = await startUpload(server, 'a')
    const blob = contentOf('x')
    const answer = await server.call('PUT', withDigest(path, `md5:${'0'.repeat(32)}`), {
      headers: octets,
      body: blob.content,
    })
    assert.equal(outcome(answer), '400 DIGEST_INVALID')
    assert.equal((await server.call('GET', path)).status, 204, 'the upload is kept for another try')
  })
})
