import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { newBlob, octets, pushBlob, startUpload, withDigest } from '../http/content.ts'
import { digestOf } from '../support/seeded.ts'
import { raw, rawOutcome } from './raw.ts'
import { request, startVictim } from './victim.ts'

const hello = digestOf('hello')

function post(headers: Readonly<Record<string, string>>, body = ''): string {
  return request(`POST /v2/victim/blobs/uploads/?digest=${hello}`, { ...octets, ...headers }, body)
}

/** The same request with headers as they are. */
function requestWith(lines: readonly string[]): string {
  return `POST /v2/victim/blobs/uploads/?digest=${hello} HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** A request of the attacker's that must never be taken for one of its own. */
const smuggled = request('DELETE /v2/victim/manifests/latest')

void test('lengths that lie', async (t) => {
  const victim = await startVictim(t, { settings: { stallMilliseconds: 300, answerStallMilliseconds: 300 } })

  await t.test('Content-Length longer than what comes, and the connection ends: no answer owed', async () => {
    for (const length of ['6', '1000', '99999999999']) {
      const answer = await victim.attack(post({ 'Content-Length': length }, 'hello'), { end: true })
      assert.match(rawOutcome(answer), /^(?:closed|400 UNKNOWN)$/)
      await victim.checkUnharmed(length)
    }
  })

  await t.test('Content-Length longer than what comes, and nothing more: 408', async () => {
    const answer = await victim.attack(post({ 'Content-Length': '6' }, 'hello'))
    assert.equal(rawOutcome(answer), '408 UNKNOWN')
    await victim.checkUnharmed()
  })

  await t.test('Content-Length shorter than what comes: only so much counts', async () => {
    const answer = await victim.attack(post({ 'Content-Length': '4' }, 'hello'), { linger: true, end: true })
    // What follows is no request, of which the parser may tell before the handler has answered.
    assert.match(rawOutcome(answer), /^(?:400 DIGEST_INVALID|400 UNKNOWN|closed)$/)
    assert.ok(answer.statuses.every((status) => status === 400))
    await victim.checkUnharmed()
  })

  await t.test('a digest of fewer bytes than come', async () => {
    const answer = await victim.attack(post({ 'Content-Length': '6' }, 'hello!'))
    assert.equal(rawOutcome(answer), '400 DIGEST_INVALID')
    await victim.checkUnharmed()
  })

  for (const length of ['-1', '+5', '5.0', '0x5', '5,5', '5 5', 'five', '', '99999999999999999999999999']) {
    await t.test(`Content-Length: ${JSON.stringify(length)}`, async () => {
      const answer = await victim.attack(post({ 'Content-Length': length }, `hello${smuggled}`), {
        linger: true,
        end: true,
      })
      // Some of these a parser may take for no length at all, which is an answer too: an upload begun, and given up below.
      assert.match(rawOutcome(answer), /^400 UNKNOWN$/)
      await victim.checkUnharmed(length)
    })
  }
})

void test('two Host headers, of which each server may believe another: 400', async (t) => {
  const victim = await startVictim(t, {})
  const answer = await victim.attack('GET /v2/ HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', { end: true })
  assert.equal(rawOutcome(answer), '400 UNKNOWN')
  await victim.checkUnharmed()
})

void test('requests that hide another one', async (t) => {
  const victim = await startVictim(t, { settings: { stallMilliseconds: 300, answerStallMilliseconds: 300 } })
  const chunked = `5\r\nhello\r\n0\r\n\r\n`
  const shapes: Readonly<Record<string, string>> = {
    'Content-Length and Transfer-Encoding':
      requestWith(['Content-Length: 5', 'Transfer-Encoding: chunked']) + chunked,
    'Transfer-Encoding and Content-Length':
      requestWith(['Transfer-Encoding: chunked', 'Content-Length: 3']) + chunked,
    'two Content-Lengths': requestWith(['Content-Length: 5', 'Content-Length: 6']) + 'hello',
    'the same Content-Length twice': requestWith(['Content-Length: 5', 'Content-Length: 5']) + 'hello',
    'a list of Content-Lengths': requestWith(['Content-Length: 5, 5']) + 'hello',
    'an unknown Transfer-Encoding': requestWith(['Transfer-Encoding: xchunked']) + chunked,
    'chunked not last': requestWith(['Transfer-Encoding: chunked, identity']) + chunked,
    'two Transfer-Encodings':
      requestWith(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']) + chunked,
    'a space before the colon': requestWith(['Transfer-Encoding : chunked']) + chunked,
    'a folded header': requestWith(['Transfer-Encoding:\r\n chunked']) + chunked,
    'a vertical tab': requestWith(['Transfer-Encoding: \x0bchunked']) + chunked,
    'a bare line feed': requestWith(['X: a\nContent-Length: 5']) + 'hello',
    'a bare carriage return': requestWith(['X: a\rContent-Length: 5']) + 'hello',
    'a size of a chunk that overflows': `${requestWith(['Transfer-Encoding: chunked'])}fffffffffffffffff\r\nhello`,
    'a negative size of a chunk': `${requestWith(['Transfer-Encoding: chunked'])}-5\r\nhello\r\n0\r\n\r\n`,
    'a size of a chunk in words': `${requestWith(['Transfer-Encoding: chunked'])}five\r\nhello\r\n0\r\n\r\n`,
    'a chunk that is longer than its size': `${requestWith(['Transfer-Encoding: chunked'])}3\r\nhello\r\n0\r\n\r\n`,
    'extensions of chunks without end': `${requestWith(['Transfer-Encoding: chunked'])}5;${'x'.repeat(100_000)}\r\nhello\r\n0\r\n\r\n`,
  }
  for (const [what, shape] of Object.entries(shapes)) {
    await t.test(what, async () => {
      const answer = await victim.attack(shape + smuggled, { linger: true, end: true })
      assert.match(rawOutcome(answer), /^(?:400 UNKNOWN|413 UNKNOWN|closed)$/)
      assert.ok(!answer.statuses.includes(202), 'the hidden request was answered')
      assert.ok(!answer.statuses.includes(201), 'it was stored')
      await victim.checkUnharmed(what)
    })
  }

  await t.test('honest chunks, with a trailer and an extension', async () => {
    const body = `2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n`
    const answer = await victim.attack(requestWith(['Transfer-Encoding: chunked']) + body)
    assert.equal(rawOutcome(answer), '201')
    victim.settle()
  })

  await t.test('a body of a request that wants none', async () => {
    for (const line of [
      'GET /v2/victim/manifests/latest',
      'GET /v2/_catalog',
      'DELETE /v2/victim/manifests/other',
    ]) {
      const body = smuggled
      const bytes = request(line, { 'Content-Length': String(body.length) }, body)
      const answer = await victim.attack(bytes, { linger: true })
      assert.equal(answer.statuses.length, 1, 'the body is no second request')
      await victim.checkUnharmed(line)
    }
  })

  await t.test('pipelined requests are answered in order', async () => {
    const lines = ['GET /v2/', 'GET /v2/victim/manifests/none', 'GET /v2/_catalog', 'GET /nothing']
    const answer = await victim.attack(lines.map((line) => request(line)).join(''), { answers: 4 })
    assert.deepEqual(answer.statuses, [200, 404, 200, 404])
  })

  await t.test('garbage behind a request does not get into its answer', async () => {
    const large = newBlob(32 * 1024 * 1024)
    await pushBlob(victim, 'victim', large)
    victim.settle()
    const socket = connect({ port: victim.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.pause()
    socket.write(request(`GET /v2/victim/blobs/${large.digest}`))
    // By now the answer is under way, and waits for us to read it.
    await delay(100)
    socket.write('GARBAGE\r\n\r\n')
    await delay(50)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.resume()
    await new Promise((resolve) => {
      socket.on('close', resolve)
      socket.setTimeout(2000, () => socket.destroy())
    })
    const received = Buffer.concat(chunks)
    const body = received.subarray(received.indexOf('\r\n\r\n') + 4)
    assert.match(received.subarray(0, 20).toString(), /^HTTP\/1\.1 200 /)
    // All of it, or a part and the end of the connection; but no byte that is not the blob's.
    const common = body.subarray(0, large.content.length)
    assert.ok(common.equals(large.content.subarray(0, common.length)), 'the answer holds foreign bytes')
    await victim.checkUnharmed()
  })
})

void test('bodies that stop half way', async (t) => {
  const victim = await startVictim(t, { settings: { stallMilliseconds: 300, answerStallMilliseconds: 300 } })
  const manifestType = 'application/vnd.oci.image.manifest.v1+json'

  for (const [what, bytes] of Object.entries({
    'a manifest': request(
      'PUT /v2/victim/manifests/latest',
      { 'Content-Type': manifestType, 'Content-Length': '500' },
      '{"schemaVersion":2',
    ),
    'a manifest, chunked': request(
      'PUT /v2/victim/manifests/latest',
      { 'Content-Type': manifestType, 'Transfer-Encoding': 'chunked' },
      '5\r\n{"sch\r\n',
    ),
    'a blob': post({ 'Content-Length': '500' }, 'hello'),
    'a blob, chunked': post({ 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n'),
    'a blob by sha512': request(
      `POST /v2/victim/blobs/uploads/?digest=${digestOf('hello', 'sha512')}`,
      { 'Content-Length': '500' },
      'hello',
    ),
  })) {
    await t.test(`${what}, and the connection ends`, async () => {
      const answer = await victim.attack(bytes, { end: true })
      assert.match(rawOutcome(answer), /^(?:closed|400 UNKNOWN)$/)
      await victim.checkUnharmed(what)
    })
    await t.test(`${what}, and nothing more comes`, async () => {
      const began = performance.now()
      const answer = await victim.attack(bytes)
      assert.equal(rawOutcome(answer), '408 UNKNOWN')
      assert.ok(performance.now() - began < 2000)
      await victim.checkUnharmed(what)
    })
  }

  await t.test('a body that comes slowly but steadily is taken', async () => {
    const head = post({ 'Content-Length': '5' })
    const answer = await victim.attack([head, 'h', 'e', 'l', 'l', 'o'], { pauseMs: 150 })
    assert.equal(rawOutcome(answer), '201')
    victim.settle()
  })

  await t.test('a stalled PATCH keeps what came', async () => {
    const path = await startUpload(victim, 'victim')
    const head = request(`PATCH ${path}`, { ...octets, 'Content-Length': '1000' })
    const answer = await victim.attack([head, 'x'.repeat(400)])
    assert.equal(rawOutcome(answer), '408 UNKNOWN')
    assert.equal((await victim.call('GET', path)).headers.range, '0-399')
    const put = await victim.call('PUT', withDigest(path, digestOf('x'.repeat(400))))
    assert.equal(put.status, 201)
    victim.settle()
  })

  await t.test('100 Continue is said only when the bytes are wanted', async () => {
    const wanted = await raw(
      victim.port,
      [post({ 'Content-Length': '5', Expect: '100-continue' }), 'hello'],
      { pauseMs: 50 },
    )
    assert.match(wanted.text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /)
    victim.settle()
    const path = '/v2/victim/blobs/uploads/00000000-0000-4000-8000-000000000000'
    const refused = await raw(
      victim.port,
      request(`PATCH ${path}`, { ...octets, 'Content-Length': '5', Expect: '100-continue' }),
    )
    assert.equal(rawOutcome(refused), '404 BLOB_UPLOAD_UNKNOWN')
    assert.doesNotMatch(refused.text, /100 Continue/)
    await victim.checkUnharmed()
  })

  await t.test('a client that does not read its answer is given up', async () => {
    const large = newBlob(16 * 1024 * 1024)
    await pushBlob(victim, 'victim', large)
    victim.settle()
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect({ port: victim.port, host: '127.0.0.1' })
      socket.pause()
      socket.on('error', () => {})
      socket.write(request(`GET /v2/victim/blobs/${large.digest}`))
      return socket
    })
    const open = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).endsWith(`${large.digest.slice(7)}/data`)
        } catch {
          return false
        }
      }).length
    await waitFor(() => open() > 0)
    await waitFor(() => open() === 0)
    for (const socket of sockets) socket.destroy()
    await victim.checkUnharmed()
  })
})

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await delay(10)
  assert.ok(condition(), 'it did not come in time')
}

void test('headers', async (t) => {
  const victim = await startVictim(t, { listener: { timeouts: { header: 300 } } })

  await t.test('that are too large: 431 in the form of the protocol', async () => {
    for (const headers of [
      { 'X-Large': 'x'.repeat(100_000) },
      Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`X-${n}`, 'x'.repeat(30)])),
    ]) {
      assert.equal(rawOutcome(await victim.attack(request('GET /v2/', headers))), '431 UNKNOWN')
    }
    const line = `GET /v2/${'a'.repeat(100_000)}/tags/list`
    assert.equal(rawOutcome(await victim.attack(request(line))), '431 UNKNOWN')
    await victim.checkUnharmed()
  })

  await t.test('as large as tokens may be are taken', async () => {
    const answer = await victim.attack(request('GET /v2/', { Authorization: `Bearer ${'x'.repeat(40_000)}` }))
    assert.equal(answer.status, 200)
  })

  await t.test('that never end: 408; and a connection on which nothing ever comes is ended', async () => {
    const idle = raw(victim.port, '')
    const answers = await Promise.all([
      victim.attack('GET /v2/ HTTP/1.1\r\nHost: a\r\n'),
      victim.attack('GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Slow: '),
      victim.attack('G'),
      victim.attack(['GET /v2/ HTTP/1.1\r\n', ...Array.from({ length: 100 }, (_, n) => `X-${n}: y\r\n`)], {
        pauseMs: 100,
      }),
    ])
    for (const answer of answers) assert.equal(rawOutcome(answer), '408 UNKNOWN')
    const { closed, status } = await idle
    assert.ok(closed || status === 408)
    await victim.checkUnharmed()
  })
})

void test('headers that try to put others into an answer', async (t) => {
  const victim = await startVictim(t)
  const evil = [
    'a\\r\\nX-Evil: 1',
    'a%0d%0aX-Evil:%201',
    'a\u0085X-Evil: 1',
    'a"; X-Evil=1',
    "a'><script>",
    'a\tX-Evil: 1',
    '../evil',
    'evil.example#',
    'evil.example?',
    'user:pass@evil.example',
    '[::1',
    'evil.example:99999999',
  ]
  const check = async (
    what: string,
    headers: Record<string, string>,
    path = '/v2/victim/blobs/uploads/',
  ): Promise<void> => {
    const answer = await victim.attack(request(`POST ${path}`, { 'Content-Length': '0', ...headers }))
    assert.ok(!answer.headers.has('x-evil'), what)
    assert.match(rawOutcome(answer), /^(?:202|301|400 [A-Z_]+|404)$/, what)
    const location = answer.headers.get('location')
    if (location === undefined) return
    assert.match(location, /^(?:http:\/\/registry\.example)?\/v2\/victim\/blobs\/uploads\/[0-9a-f-]*$/, what)
    const id = answer.headers.get('docker-upload-uuid')
    if (id !== undefined) await victim.attack(request(`DELETE /v2/victim/blobs/uploads/${id}`))
  }
  for (const value of evil) {
    await t.test(JSON.stringify(value), async () => {
      await check('Host', { Host: value })
      await check('X-Forwarded-Host', { 'X-Forwarded-Host': value })
      await check('X-Forwarded-Proto', { 'X-Forwarded-Proto': value })
      await check('Forwarded', { Forwarded: `host="${value.replaceAll('"', '\\"')}"` })
      const encoded = encodeURIComponent(value)
      await check('query', {}, `/v2/victim/blobs/uploads/?x=${encoded}&from=${encoded}&mount=${encoded}`)
      await victim.checkUnharmed(value)
    })
  }

  await t.test('through a Link', async () => {
    for (const [path, list] of [
      ['/v2/victim/tags/list', 'tags'],
      ['/v2/_catalog', 'repositories'],
    ] as const) {
      const query = 'n=1&last=%0d%0aX-Evil:%201%22%3E&x=%0d%0aX-Evil:%201'
      const answer = await victim.attack(request(`GET ${path}?${query}`))
      assert.equal(answer.status, 200)
      assert.ok(!answer.headers.has('x-evil'))
      assert.ok(list in (JSON.parse(answer.body) as object))
    }
  })
})
