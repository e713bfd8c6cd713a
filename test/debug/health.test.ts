import assert from 'node:assert/strict'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { http, type HttpResponse } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { sampleOf } from './samples.ts'
import { startWatched, until, type WatchedRegistry } from './watched-registry.ts'

async function untilHealth(registry: WatchedRegistry, status: number): Promise<HttpResponse> {
  return await until(
    (response) => response.status === status,
    () => http('GET', `${registry.debug}/debug/health`),
  )
}

function failuresOf(response: HttpResponse): Readonly<Record<string, string>> {
  return response.json() as Readonly<Record<string, string>>
}

/** What an unhealthy registry answers, as far as clients see it. */
async function refusals(registry: WatchedRegistry): Promise<readonly unknown[]> {
  const asked = [
    'GET /',
    'GET /v2/',
    'GET /v2/_catalog',
    'HEAD /v2/a/manifests/b',
    'POST /v2/a/blobs/uploads/',
    'GET /nowhere',
  ]
  return await Promise.all(
    asked.map(async (line) => {
      const [method = '', path = ''] = line.split(' ')
      const { status, headers, body } = await http(method, registry.url + path)
      const seen = ['content-type', 'docker-distribution-api-version', 'x-configured'].map(
        (name) => headers[name],
      )
      return [line, status, ...seen, body.toString().trim()]
    }),
  )
}

const refusal = {
  errors: [
    {
      code: 'UNAVAILABLE',
      message: 'service unavailable',
      detail: 'health check failed: please see /debug/health',
    },
  ],
}

describe('an unhealthy registry', () => {
  it('refuses everything, and serves again once the file is gone', async (t) => {
    const file = join(temporaryFolder(t).path, 'down')
    const registry = await startWatched(t, {
      http: { headers: { 'X-Configured': ['yes'] } },
      health: { file: [{ file, interval: '100ms' }] },
    })
    assert.equal((await http('GET', registry.url)).status, 200)
    writeFileSync(file, '')
    assert.deepEqual(failuresOf(await untilHealth(registry, 503)), { [file]: 'file exists' })
    for (const [line, status, type, version, configured, body] of (await refusals(registry)) as string[][]) {
      assert.deepEqual(
        [status, type, version, configured],
        [503, 'application/json', undefined, undefined],
        line,
      )
      if (line?.startsWith('HEAD') !== true) assert.deepEqual(JSON.parse(body ?? ''), refusal)
    }
    const samples = await registry.samples()
    assert.equal(sampleOf(samples, 'berth_health_check_failing', { check: file }), 1)
    assert.equal(sampleOf(samples, 'berth_http_unrouted_requests_total', { code: '503' }), 6)
    rmSync(file)
    await untilHealth(registry, 200)
    assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
    await registry.logged(/health check passes again/)
    assert.equal(registry.output().match(/health check is failing/g)?.length, 1, 'once')
  })

  for (const kind of ['distribution2', 'distribution3'] as const) {
    it(`answers as ${kind} does`, async (t) => {
      if (!requireProgram(t, kind === 'distribution2' ? 'docker-registry' : kind)) return
      const file = join(temporaryFolder(t).path, 'down')
      const config = {
        http: { headers: { 'X-Configured': ['yes'] } },
        health: { file: [{ file, interval: '100ms' }] },
      }
      const [theirs, ours] = [await startWatched(t, config, kind), await startWatched(t, config)]
      writeFileSync(file, '')
      const [expected, actual] = [await untilHealth(theirs, 503), await untilHealth(ours, 503)]
      assert.equal(actual.body.toString(), expected.body.toString())
      assert.deepEqual(withoutCharset(await refusals(ours)), withoutCharset(await refusals(theirs)))
    })
  }

  it('is one only after as many failures as the threshold says, for a file too', async (t) => {
    const file = join(temporaryFolder(t).path, 'down')
    writeFileSync(file, '')
    const began = Date.now()
    const registry = await startWatched(t, { health: { file: [{ file, interval: '500ms', threshold: 4 }] } })
    await untilHealth(registry, 503)
    assert.ok(Date.now() - began >= 4 * 500, `${Date.now() - began} ms`)
  })

  it('says which service does not answer, and keeps the secrets of its URL', async (t) => {
    const [httpPort, tcpPort] = [await freePort(), await freePort()]
    const uri = `http://operator:hunter2@127.0.0.1:${httpPort}/ready?token=hunter2`
    const registry = await startWatched(t, {
      log: { level: 'debug' },
      http: { secret: 'hunter2' },
      health: {
        http: [{ uri, interval: '100ms', timeout: '1s', threshold: 2 }],
        tcp: [{ addr: `127.0.0.1:${tcpPort}`, interval: '100ms', timeout: '1s' }],
      },
    })
    const shown = `http://xxxxx@127.0.0.1:${httpPort}/ready?token=xxxxx`
    const ill = await until(
      (response) => Object.keys(failuresOf(response)).length === 2,
      () => http('GET', `${registry.debug}/debug/health`),
    )
    assert.deepEqual(failuresOf(ill), {
      [`127.0.0.1:${tcpPort}`]: 'connection failed: connection refused',
      [shown]: 'error while checking: connection refused',
    })
    await listen(t, tcpPort, () => '200 OK')
    await listen(t, httpPort, (line) =>
      line.startsWith('HEAD /ready?token=hunter2 ') ? '200 OK' : '400 Bad',
    )
    await untilHealth(registry, 200)
    await registry.logged(/passes again[^]*passes again/)
    const paths = ['/debug/health', '/debug/vars', '/metrics', '/debug/pprof/']
    const answers = await Promise.all(paths.map((path) => http('GET', registry.debug + path)))
    for (const text of [registry.output(), ...answers.map(({ body }) => body.toString())])
      assert.ok(!text.includes('hunter2'))
  })

  it('is one whose store does not answer', async (t) => {
    const root = join(temporaryFolder(t).path, 'root')
    const registry = await startWatched(t, {
      storage: { filesystem: { rootdirectory: root } },
      health: { storagedriver: { enabled: true, interval: '100ms', threshold: 3 } },
    })
    // As root, no permission is denied; a link to itself cannot be followed by anybody.
    renameSync(root, `${root}-aside`)
    symlinkSync(root, root)
    assert.deepEqual(failuresOf(await untilHealth(registry, 503)), {
      storagedriver_filesystem: 'too many symbolic links',
    })
    rmSync(root)
    renameSync(`${root}-aside`, root)
    await untilHealth(registry, 200)
  })
})

function withoutCharset(answers: readonly unknown[]): unknown {
  return JSON.parse(JSON.stringify(answers).replaceAll('; charset=utf-8', ''))
}

/** A server that takes connections, and answers the first line that comes with a status. */
async function listen(t: TestContext, port: number, statusOf: (line: string) => string): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) =>
      socket.end(`HTTP/1.1 ${statusOf(data.toString())}\r\nContent-Length: 0\r\n\r\n`),
    )
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.close()
  })
}
