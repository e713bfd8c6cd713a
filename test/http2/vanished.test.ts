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

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header field whose name stands in the static table, written out (RFC 7541, 6.2.2). */
function field(name: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([name, value.length]), Buffer.from(value)])
}

/** Begins to pull with all the room that there is, never reads a byte, and is gone. */
async function vanish({ port, path }: Site): Promise<void> {
  const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  socket.pause()
  const window = 2 ** 30
  const request = Buffer.concat([Buffer.from([0x82, 0x87]), field(1, 'a'), field(4, path)])
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(window)])),
      frame(8, 0, 0, uint32(window)),
      frame(1, 5, 1, request),
    ]),
  )
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
