import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent, get, request } from 'node:http'
import { connect } from 'node:http2'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { programPath, requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'
import { mainFile, metric, startSeveral, until, type Several } from './several.ts'

/** Both have answered something. */
async function bothServe({ daemon }: Several, ask: () => Promise<void>): Promise<void> {
  await until(async () => {
    await Promise.all([ask(), ask(), ask()])
    return [1, 2].every((number) =>
      new RegExp(`response completed.*worker=${number}\\b`).test(daemon.output()),
    )
  })
}

void test('a socket that systemd passes is served by all, and outlives them', async (t) => {
  if (!requireProgram(t, 'systemd-socket-activate')) return
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const ask = async (): Promise<void> => assert.equal((await http('GET', `${url}/v2/`)).status, 200)
  const registry = await startSeveral(t, {
    command: [programPath('systemd-socket-activate'), '-l', `127.0.0.1:${port}`, process.execPath],
    isReady: async () => (await ask(), true),
  })
  await bothServe(registry, ask)
  for (const pid of registry.workers()) process.kill(pid, 'SIGKILL')
  // It waits until there is somebody again.
  await ask()
  assert.deepEqual(await registry.daemon.stop(), { code: 0, signal: undefined })
})

void test('a unix socket', async (t) => {
  const path = join(temporaryFolder(t).path, 'socket')
  // As a process leaves it that was killed.
  const left = createServer().listen(path)
  await run(
    process.execPath,
    [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(`${path}2`)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ],
    { mayFail: true },
  )
  left.close()
  const ask = async (): Promise<void> =>
    await new Promise((resolve, reject) => {
      get({ socketPath: `${path}2`, path: '/v2/', agent: false }, (response) => {
        response.resume()
        if (response.statusCode === 200) response.on('end', resolve)
        else reject(new Error(String(response.statusCode)))
      }).on('error', reject)
    })
  const registry = await startSeveral(t, {
    config: { http: { net: 'unix', addr: `${path}2` } },
    isReady: async () => (await ask(), true),
  })
  await bothServe(registry, ask)
  for (const pid of registry.workers()) process.kill(pid, 'SIGKILL')
  await ask()
  assert.deepEqual(await registry.daemon.stop(), { code: 0, signal: undefined })
})

void test('TLS and HTTP/2', async (t) => {
  const issued = await makeCertificate(temporaryFolder(t).path, { name: 'server' })
  const ca = readFileSync(issued.certificate, 'utf8')
  const ask = async ({ url }: Pick<Several, 'url'>): Promise<void> => {
    const session = connect(url.replace('http:', 'https:'), { ca })
    try {
      const stream = session.request({ ':path': '/v2/' })
      const status = await new Promise((resolve, reject) => {
        stream.on('response', (headers) => resolve(headers[':status']))
        stream.on('error', reject)
        session.on('error', reject)
      })
      assert.equal(status, 200)
    } finally {
      session.close()
    }
  }
  const registry = await startSeveral(t, {
    config: { http: { tls: { certificate: issued.certificate, key: issued.key } } },
    isReady: async (url) => (await ask({ url }), true),
  })
  await bothServe(registry, () => ask(registry))
  const { status } = await http('GET', `${registry.url.replace('http:', 'https:')}/v2/`, { tls: { ca } })
  assert.equal(status, 200)
})

void test('HTTP/2 without TLS', async (t) => {
  const registry = await startSeveral(t, { config: { http: { h2c: { enabled: true } } } })
  await bothServe(registry, async () => {
    const session = connect(registry.url)
    const status = await new Promise((resolve, reject) => {
      session.on('error', reject)
      session.request({ ':path': '/v2/' }).on('response', (headers) => resolve(headers[':status']))
    })
    session.destroy()
    assert.equal(status, 200)
  })
})

void test('a limit of connections is that of all together', async (t) => {
  const registry = await startSeveral(t, { config: { http: { limits: { connections: 4 } } } })
  await registry.whole(2)
  await new Promise((resolve) => setTimeout(resolve, 200))
  const ends: string[] = []
  for (let count = 0; count < 6; count++) {
    const asked = request(`${registry.url}/v2/`, { agent: new Agent({ keepAlive: true }) })
    t.after(() => asked.destroy())
    ends.push(
      await new Promise<string>((resolve) => {
        asked.on('response', (response) => {
          response.resume()
          resolve(String(response.statusCode))
        })
        asked.on('error', () => resolve('closed'))
        asked.end()
      }),
    )
  }
  assert.deepEqual(ends, ['200', '200', '200', '200', 'closed', 'closed'])
})

void test('storage in memory has one worker, with a warning', async (t) => {
  const registry = await startSeveral(t, {
    config: { storage: { filesystem: undefined, delete: undefined, inmemory: {} } },
  })
  assert.match(
    registry.daemon.output(),
    /level=warning msg=configuration .*warning="workers: 1, .*storage\.inmemory"/,
  )
  assert.deepEqual(registry.workers(), [])
  assert.ok(Number.isNaN(await metric(registry.debug, 'berth_workers{state="serving"}')))
})

void test('what cannot start says why, once', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => void taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const address = taken.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const folder = temporaryFolder(t).path
  const start = async (config: object): Promise<string> => {
    const { writeFileSync } = await import('node:fs')
    const file = join(folder, 'config.yml')
    writeFileSync(file, JSON.stringify({ version: '0.1', workers: 2, ...config }))
    const { code, stderr } = await run(process.execPath, [mainFile, 'serve', file], { mayFail: true })
    assert.equal(code, 1)
    return stderr
  }
  const storage = { filesystem: { rootdirectory: join(folder, 'root') } }
  const inUse = await start({ storage, http: { addr: `127.0.0.1:${port}` } })
  assert.equal(inUse, `error: cannot listen on 127.0.0.1:${port}: the address is in use\n`)
  const anywhere = { http: { addr: '127.0.0.1:0' } }
  assert.match(
    await start({ storage: { filesystem: { rootdirectory: '/proc/none' } }, ...anywhere }),
    /^error: cannot write to the storage at \/proc\/none: .*\n$/,
  )
  assert.match(
    await start({ storage, ...anywhere, auth: { htpasswd: { realm: 'r', path: folder } } }),
    /^error: .*config\.yml:1:\d+: auth\.htpasswd\.path: .*: it is a folder, not a file\n$/,
  )
})
