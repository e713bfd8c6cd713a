import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createHandler } from '../../src/http/handler.ts'
import { defaultHttpSettings } from '../../src/http/settings.ts'
import { digestOf } from '../../src/registry/digest.ts'
import { Listener } from '../../src/server/listener.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { createStoredRegistry } from '../../src/stored/stored-registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates } from '../tls/certificates.ts'
import { allow, get, preface } from './frames.ts'
import { requireProgram } from '../support/require-program.ts'

const silent = { debug: (): void => {}, info: (): void => {}, warn: (): void => {}, error: (): void => {} }
const mebibyte = 1024 * 1024

interface Site {
  readonly port: number
  readonly listener: Listener
  readonly path: string
}

async function start(t: TestContext): Promise<Site> {
  const { server } = await makeCertificates(temporaryFolder(t).path)
  const handler = createHandler({
    registry: createStoredRegistry(new MemoryDriver()),
    settings: defaultHttpSettings,
    logOf: () => silent,
  })
  const listener = new Listener(handler, {
    address: '127.0.0.1:0',
    net: 'tcp',
    tls: {
      options: { cert: readFileSync(server.ecdsa.chain), key: readFileSync(server.ecdsa.key) },
    },
    timeouts: { liveness: 200 },
  })
  const address = await listener.start()
  t.after(() => listener.stop(0))
  const port = Number(address.slice(address.lastIndexOf(':') + 1))
  const content = randomBytes(30 * mebibyte)
  const digest = digestOf(content)
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  const push = session.request({ ':method': 'POST', ':path': `/v2/a/blobs/uploads/?digest=${digest}` })
  push.end(content)
  const [headers] = (await once(push, 'response')) as [Record<string, unknown>]
  assert.equal(headers[':status'], 201)
  session.close()
  return { port, listener, path: `/v2/a/blobs/${digest}` }
}

/** Begins to pull with all the room that there is, never reads a byte, and is gone. */
async function vanish({ port, path }: Site): Promise<void> {
  const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  socket.pause()
  socket.write(Buffer.concat([preface, allow(2 ** 30), get(path)]))
  await delay(500)
  socket.destroy()
}

void test('clients of HTTP/2 that vanish leave nothing behind', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const site = await start(t)
  for (let client = 0; client < 10; client++) await vanish(site)
  await delay(2_000)
  const before = performance.now()
  assert.ok(await site.listener.stop(5_000), 'connections are left')
  assert.ok(performance.now() - before < 3_000)
})

void test('an answer before the end of a request ends its stream', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const { port, path } = await start(t)
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  t.after(() => session.destroy())
  for (const [method, target] of [
    ['HEAD', '/v2/'],
    ['GET', '/v2/'],
    ['HEAD', path],
    ['PATCH', '/v2/UPPER/blobs/uploads/x'],
  ] as const) {
    const stream = session.request({ ':method': method, ':path': target }, { endStream: false })
    stream.on('error', () => {})
    stream.resume()
    await once(stream, 'response')
    const code = await Promise.race([
      once(stream, 'close').then(() => stream.rstCode),
      delay(4_000, 'still open', { ref: false }),
    ])
    assert.equal(code, 0, `${method} ${target}`)
  }
})
