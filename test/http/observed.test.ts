import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { createApp } from '../../src/app/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createLogger } from '../../src/util/logger.ts'
import { http } from '../support/http.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { newBlob, octets, withDigest } from './content.ts'
import { startApp } from './in-process.ts'

type Line = Readonly<Record<string, unknown>>

interface Logged {
  readonly url: string
  readonly lines: readonly Line[]
  /** The line of the latest answer. */
  readonly last: () => Promise<Line>
}

async function start(t: TestContext, config: Readonly<Record<string, unknown>> = {}): Promise<Logged> {
  const lines: Line[] = []
  const log = createLogger(
    { level: 'info', formatter: 'json' },
    {
      write: (text: string) =>
        lines.push(
          ...text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Line),
        ),
    },
  )
  const loaded = loadConfig({
    env: {},
    places: [],
    defaults: { version: '0.1', storage: { inmemory: {} }, http: { addr: '127.0.0.1:0' }, ...config },
  })
  const app = await createApp({ config: loaded.config, log })
  const url = `http://${await app.start()}`
  t.after(() => app.stop())
  const last = async (): Promise<Line> => {
    for (let tries = 0; tries < 100; tries++) {
      const line = lines.findLast(({ msg }) => String(msg).startsWith('response completed'))
      if (line !== undefined) {
        lines.length = 0
        return line
      }
      await delay(10)
    }
    throw new Error('no line')
  }
  return { url, lines, last }
}

void test('a line for every answer, with the names of Distribution', async (t) => {
  const { url, last } = await start(t)
  const headers = { 'User-Agent': 'tester/1', Referer: 'http://a.example/x?token=hidden' }

  await http('GET', `${url}/v2/`, { headers })
  const { time: _time, 'instance.id': _instance, ...base } = await last()
  assert.equal(base['msg'], 'response completed')
  assert.equal(base['level'], 'info')
  assert.equal(base['http.request.method'], 'GET')
  assert.equal(base['http.request.uri'], '/v2/')
  assert.equal(base['http.request.host'], url.slice('http://'.length))
  assert.equal(base['http.request.useragent'], 'tester/1')
  assert.equal(base['http.request.referer'], 'http://a.example/x?token=***')
  assert.match(String(base['http.request.remoteaddr']), /^127\.0\.0\.1:\d+$/)
  assert.equal(base['http.response.status'], 200)
  assert.equal(base['http.response.written'], 2)
  assert.equal(base['http.response.contenttype'], 'application/json')
  assert.match(String(base['http.response.duration']), /^[\d.]+(?:µs|ms|s)$/)

  await http('GET', `${url}/v2/a/b/manifests/v1`)
  const refused = await last()
  assert.equal(refused['msg'], 'response completed with error')
  assert.equal(refused['level'], 'info', 'what a client asks in vain is no error of the registry')
  assert.equal(refused['err.code'], 'manifest unknown')
  assert.equal(refused['vars.name'], 'a/b')
  assert.equal(refused['vars.reference'], 'v1')

  const blob = newBlob(10)
  await http('POST', url + withDigest('/v2/a/blobs/uploads/', blob.digest), {
    headers: octets,
    body: blob.content,
  })
  const pushed = await last()
  assert.equal(pushed['http.response.status'], 201)
  assert.match(String(pushed['http.request.uri']), /\?digest=sha256(?::|%3A)/, 'what is no secret is shown')
  await http('GET', `${url}/v2/a/blobs/uploads/x?_state=hidden&account=me`)
  assert.equal((await last())['http.request.uri'], '/v2/a/blobs/uploads/x?_state=***&account=***')
})

void test('the id of a request', async (t) => {
  const { url, last } = await start(t)

  await t.test('is made, and told', async () => {
    const first = await http('GET', `${url}/v2/`)
    const line = await last()
    const second = await http('GET', `${url}/v2/`)
    assert.match(String(first.headers['x-request-id']), /^[0-9a-f]{12}-\d+$/)
    assert.notEqual(first.headers['x-request-id'], second.headers['x-request-id'])
    assert.equal(line['http.request.id'], first.headers['x-request-id'])
    await last()
  })

  await t.test('is taken over when it is one', async () => {
    const answer = await http('GET', `${url}/v2/`, { headers: { 'X-Request-Id': 'trace:1/a=b+c' } })
    assert.equal(answer.headers['x-request-id'], 'trace:1/a=b+c')
    assert.equal((await last())['http.request.id'], 'trace:1/a=b+c')
    for (const bad of ['a b', 'x'.repeat(129), '<script>', 'a"b']) {
      const other = await http('GET', `${url}/v2/`, { headers: { 'X-Request-Id': bad } })
      assert.match(String(other.headers['x-request-id']), /^[0-9a-f]{12}-\d+$/)
    }
  })
})

void test('a failing health check closes every path, and opens them again', async (t) => {
  const file = join(temporaryFolder(t).path, 'down')
  const { url } = await start(t, { health: { file: [{ file, interval: '100ms' }] } })
  const status = async (path: string): Promise<number> => (await http('GET', url + path)).status
  const settle = async (wanted: number): Promise<void> => {
    for (let tries = 0; tries < 200 && (await status('/v2/')) !== wanted; tries++) await delay(10)
  }
  assert.equal(await status('/v2/'), 200)
  writeFileSync(file, '')
  await settle(503)
  for (const path of ['/', '/v2/', '/v2/_catalog', '/nothing']) {
    const answer = await http('GET', url + path)
    assert.equal(answer.status, 503, path)
    assert.deepEqual(answer.json(), {
      errors: [
        {
          code: 'UNAVAILABLE',
          message: 'service unavailable',
          detail: 'health check failed: please see /debug/health',
        },
      ],
    })
    assert.equal(answer.headers['docker-distribution-api-version'], undefined, 'as Distribution')
  }
  rmSync(file)
  await settle(200)
  assert.equal(await status('/v2/'), 200)
})

void test('a CORS preflight passes, with the configured headers', async (t) => {
  const server = await startApp(t, {
    http: {
      headers: {
        'Access-Control-Allow-Origin': ['https://ui.example.com'],
        'Access-Control-Allow-Methods': ['HEAD', 'GET', 'OPTIONS', 'DELETE'],
        'Access-Control-Allow-Headers': ['Authorization', 'Accept'],
      },
    },
  })
  for (const path of [
    '/v2/',
    '/v2/_catalog',
    '/v2/a/tags/list',
    '/v2/a/manifests/v1',
    '/v2/a/blobs/uploads/',
  ]) {
    const answer = await server.call('OPTIONS', path, {
      headers: { Origin: 'https://ui.example.com', 'Access-Control-Request-Method': 'GET' },
    })
    assert.equal(answer.status, 200, path)
    assert.equal(answer.headers['access-control-allow-origin'], 'https://ui.example.com')
    assert.match(String(answer.headers['access-control-allow-methods']), /HEAD.*GET.*OPTIONS.*DELETE/)
  }
})
