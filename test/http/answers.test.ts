import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { createApp } from '../../src/app/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import type { AccessLogEntry } from '../../src/util/access-log.ts'
import { createLogger } from '../../src/util/logger.ts'
import { raw } from '../hostile/raw.ts'
import { request } from '../hostile/victim.ts'
import { http } from '../support/http.ts'
import { image, newBlob, octets, pushBlob, pushManifest, zeroBytes, type Content } from './content.ts'
import { outcome, startApp, startParts, type TestServer } from './in-process.ts'

void test('a body that nobody reads ends the connection, and its answer says so', async (t) => {
  const server = await startApp(t)
  const blobs = [newBlob(1000), newBlob(1_000_000)]
  for (const blob of blobs) await pushBlob(server, 'r', blob)
  await pushManifest(server, 'r', 'v1', image())
  const targets = [
    ...blobs.map((blob) => `/v2/r/blobs/${blob.digest}`),
    '/v2/r/manifests/v1',
    '/v2/',
    '/v2/none/tags/list',
  ]
  const hidden = request('DELETE /v2/r/manifests/v1')
  const bodies = [
    ['that does not come', { 'Content-Length': '10' }, ''],
    ['that comes by half', { 'Content-Length': '1000000' }, 'x'.repeat(500)],
    ['in chunks, without an end', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n'],
    ['that looks like a request', { 'Content-Length': String(hidden.length + 1) }, hidden],
  ] as const
  const check = async (line: string, [what, headers, body]: (typeof bodies)[number]): Promise<void> => {
    // One answer more than there is: so that only the end of the connection ends the wait.
    const options = { answers: 2, timeoutMs: 8000 }
    const answer = await raw(server.port, request(line, headers, body), options)
    const told = `${line}, a body ${what}`
    assert.equal(answer.headers.get('connection'), 'close', told)
    assert.ok(answer.closed, told)
    assert.equal(answer.statuses.length, 1, told)
    if (line.startsWith('GET'))
      assert.equal(String(answer.body.length), answer.headers.get('content-length'), told)
  }
  // All at once, for the server waits a little for a body whose answer is small.
  const lines = targets.flatMap((target) => [`GET ${target}`, `HEAD ${target}`])
  await Promise.all(lines.flatMap((line) => bodies.map((body) => check(line, body))))
  assert.equal((await server.call('GET', '/v2/r/manifests/v1')).status, 200)
  const plain = await raw(server.port, request(`GET ${targets[0]}`), { linger: true })
  assert.equal(plain.headers.get('connection'), 'keep-alive')
  assert.ok(!plain.closed)
})

void test('who asks for much and reads nothing is given up', async (t) => {
  const server = await startParts(t, {
    driver: new MemoryDriver(),
    settings: { answerStallMilliseconds: 300 },
  })
  const large = image({ annotations: { text: 'x'.repeat(3_900_000) } })
  await pushManifest(server, 'r', 'large', large)
  const asked = 20
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(request('GET /v2/r/manifests/large', { Accept: large.mediaType }).repeat(asked))
  await delay(1500)
  // What the kernel holds still comes, then the end.
  let received = 0
  socket.on('data', (chunk: Buffer) => (received += chunk.length))
  socket.resume()
  socket.setTimeout(2000, () => socket.destroy(new Error('the connection is still open')))
  const [hadError] = (await once(socket, 'close')) as [boolean]
  assert.ok(received < asked * large.content.length, `all of it came (${hadError})`)
  assert.equal((await server.call('GET', '/v2/r/manifests/large')).status, 200, 'others are served')
})

/** The lines of an answer's head, as they were sent. */
async function headOf(server: TestServer, bytes: string): Promise<readonly string[]> {
  const { text } = await raw(server.port, bytes)
  return text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n').slice(1)
}

function names(head: readonly string[]): readonly string[] {
  return head.map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
}

void test('http.headers in whatever case', async (t) => {
  const own = { 'x-frame-options': ['DENY'], 'X-CONTENT-TYPE-OPTIONS': ['nosniff'] }
  const server = await startApp(t, {
    http: {
      headers: {
        ...own,
        // Those of answers' own, which stand where an answer has them.
        'content-type': ['text/evil'],
        etag: ['"evil"'],
        'cache-control': ['no-store'],
        'docker-distribution-api-version': ['registry/2.0'],
        'docker-upload-uuid': ['evil'],
        'oci-subject': ['evil'],
        // Those that frame a message.
        'content-length': ['3'],
        'Transfer-encoding': ['chunked'],
        connection: ['close'],
      },
    },
  })
  const blob = newBlob(1000)
  await pushBlob(server, 'r', blob)
  await pushManifest(server, 'r', 'v1', image())

  for (const target of [
    '/v2/',
    '/',
    '/nowhere',
    '/v2/_catalog',
    '/v2/r/tags/list',
    '/v2/none/tags/list',
    '/v2/r/manifests/v1',
    `/v2/r/blobs/${blob.digest}`,
  ]) {
    await t.test(
      `${target.replace(/[0-9a-f]{64}/, '…')}: no header comes twice, none that frames is taken`,
      async () => {
        for (const method of ['GET', 'HEAD']) {
          const head = await headOf(server, request(`${method} ${target}`))
          assert.deepEqual([...new Set(names(head))], names(head), head.join('\n'))
          const values = new Map(head.map((line) => [line.split(': ', 1)[0]?.toLowerCase(), line]))
          assert.match(values.get('x-frame-options') ?? '', /: DENY$/)
          assert.match(values.get('x-content-type-options') ?? '', /: nosniff$/)
          assert.match(values.get('connection') ?? '', /: keep-alive$/)
          assert.ok(!values.has('transfer-encoding'))
          assert.notEqual(values.get('content-length'), 'content-length: 3')
          assert.equal((await server.call(method, target)).headers['x-frame-options'], 'DENY')
        }
      },
    )
  }

  await t.test('no header comes twice in the answers to pushes', async () => {
    const manifest = image({ subject: { mediaType: image().mediaType, digest: image().digest, size: 1 } })
    for (const bytes of [
      request('POST /v2/r/blobs/uploads/', { 'Content-Length': '0' }),
      request(
        'PUT /v2/r/manifests/v2',
        { 'Content-Type': manifest.mediaType, 'Content-Length': String(manifest.content.length) },
        manifest.content.toString(),
      ),
    ]) {
      const head = await headOf(server, bytes)
      assert.deepEqual([...new Set(names(head))], names(head), head.join('\n'))
    }
  })

  await t.test('an answer has its own values', async () => {
    const get = await server.call('GET', `/v2/r/blobs/${blob.digest}`)
    assert.equal(get.headers['content-type'], 'application/octet-stream')
    assert.equal(get.headers.etag, `"${blob.digest}"`)
    assert.equal(get.headers['cache-control'], 'max-age=31536000')
    assert.equal((await server.call('GET', '/v2/')).headers['cache-control'], 'no-store')
  })
})

void test('what lies outside of http.prefix is not there, however it is written', async (t) => {
  const server = await startApp(t, { http: { prefix: '/reg/' } })
  for (const target of ['/regx/../v2/', '/regx/v2/', '/../reg/v2/', '//reg/v2/', '/reg', '/regv2/', '/v2/']) {
    const answer = await raw(server.port, request(`GET ${target}`))
    assert.equal(answer.status, 404, target)
    assert.ok(!answer.headers.has('location'), target)
  }
  assert.equal((await raw(server.port, request('GET /reg/v2/'))).status, 200)
  const moved = await raw(server.port, request('GET /reg/v2//a/tags/list'))
  assert.equal(moved.headers.get('location'), '/reg/v2/a/tags/list')
})

void test('a range of no bytes is the whole', async (t) => {
  const server = await startApp(t)
  await pushBlob(server, 'r', zeroBytes)
  for (const range of ['0-', '0-0', '-1', '-0', '5-9', '0-0,1-1']) {
    const headers = { Range: `bytes=${range}` }
    const answer = await server.call('GET', `/v2/r/blobs/${zeroBytes.digest}`, { headers })
    assert.equal(answer.status, 200, range)
    assert.equal(answer.headers['content-length'], '0')
    assert.equal(answer.headers['content-range'], undefined)
  }
})

void test('the catalog goes on after whatever the client says', async (t) => {
  const server = await startApp(t)
  const repositories = ['a', 'a-b', 'a/b', 'a0', 'b']
  for (const name of repositories) await pushManifest(server, name, 'v1', image())
  for (const last of ['!', 'a!', 'a+', 'a+b', 'a-b!', 'a/!', 'a/b+', 'a b', 'a%', 'a&n=1', 'b#', '\0', 'é']) {
    for (const encoded of [encodeURIComponent(last), new URLSearchParams({ last }).toString().slice(5)]) {
      const answer = await server.call('GET', `/v2/_catalog?last=${encoded}`)
      assert.equal(outcome(answer), '200', last)
      const expected = repositories.filter((name) => name > last)
      assert.deepEqual(answer.json(), { repositories: expected }, last)
    }
  }
})

void test('the access log', async (t) => {
  const entries: AccessLogEntry[] = []
  const { config } = loadConfig({
    env: {},
    places: [],
    defaults: { version: '0.1', storage: { inmemory: {} }, http: { addr: '127.0.0.1:0' } },
  })
  const app = await createApp({
    config,
    log: createLogger({ level: 'error', formatter: 'json' }, { write: () => {} }),
    accessLog: { line: (entry) => entries.push(entry), flush: () => {} },
  })
  const address = await app.listener.start()
  t.after(() => app.listener.stop(0))
  const port = Number(address.slice(address.lastIndexOf(':') + 1))
  const start = async (): Promise<string> => {
    const answer = await http('POST', `http://${address}/v2/r/blobs/uploads/`)
    assert.ok(answer.headers.location)
    return new URL(answer.headers.location).pathname
  }
  const last = async (method: string): Promise<AccessLogEntry> => {
    for (let tries = 0; tries < 200 && entries.at(-1)?.method !== method; tries++) await delay(10)
    const entry = entries.at(-1)
    assert.equal(entry?.method, method)
    return entry
  }

  for (const ends of ['is answered', 'breaks off'] as const) {
    await t.test(`has the time when a request came, and from where, also when it ${ends}`, async () => {
      const path = await start()
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      await once(socket, 'connect')
      const before = Date.now()
      socket.write(request(`PATCH ${path}`, { ...octets, 'Content-Length': '10' }, 'hello'))
      await delay(400)
      const late = Date.now()
      if (ends === 'is answered') socket.write('world')
      else socket.resetAndDestroy()
      const entry = await last('PATCH')
      socket.destroy()
      entries.length = 0
      assert.ok(
        entry.time !== undefined && entry.time >= before && entry.time < late - 200,
        String(entry.time),
      )
      assert.equal(entry.remoteAddress, '127.0.0.1')
      assert.equal(entry.uri, path)
      assert.equal(entry.status, ends === 'is answered' ? 202 : 499)
    })
  }

  await t.test('has what was sent of an answer whose client went away', async () => {
    const blob: Content = newBlob(20_000_000)
    const put = await http('POST', `http://${address}/v2/r/blobs/uploads/?digest=${blob.digest}`, {
      headers: octets,
      body: blob.content,
    })
    assert.equal(put.status, 201)
    entries.length = 0
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.write(request(`GET /v2/r/blobs/${blob.digest}`))
    await once(socket, 'data')
    socket.resetAndDestroy()
    const entry = await last('GET')
    assert.equal(entry.remoteAddress, '127.0.0.1')
    assert.equal(entry.status, 200)
    assert.ok(entry.bytes < 20_000_000)
  })
})
