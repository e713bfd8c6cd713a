import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { constants, connect } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { createHandler } from '../../src/http/handler.ts'
import { defaultHttpSettings } from '../../src/http/settings.ts'
import { Listener } from '../../src/server/listener.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import { createStoredRegistry } from '../../src/stored/stored-registry.ts'
import { digestOf } from '../support/seeded.ts'
import { callHttp2 } from './transports.ts'

const silent = { debug: (): void => {}, info: (): void => {}, warn: (): void => {}, error: (): void => {} }

void test('what is told of requests over HTTP/2', async (t) => {
  const seen: Record<string, unknown>[] = []
  const handler = createHandler({
    registry: createStoredRegistry(new MemoryDriver()),
    settings: defaultHttpSettings,
    logOf: () => silent,
    observers: [
      {
        answered: ({ request, status, bytesSent, remoteAddress }) => {
          const { method, url, httpVersion, headers, socket } = request
          seen.push({ method, url, httpVersion, status, bytesSent, remoteAddress, host: headers.host })
          // Asked for by logs, and may be gone by then.
          assert.ok(typeof socket.remotePort === 'number' || socket.remotePort === undefined)
        },
      },
    ],
  })
  const listener = new Listener(handler, { address: '127.0.0.1:0', net: 'tcp', h2c: true })
  const address = await listener.start()
  t.after(() => listener.stop(0))
  const session = connect(`http://${address}`)
  session.on('error', () => {})
  t.after(() => session.destroy())
  const last = async (): Promise<Record<string, unknown> | undefined> => {
    for (let tries = 0; tries < 200 && seen.length === 0; tries++) await delay(10)
    return seen.pop()
  }
  const common = { httpVersion: '2.0', remoteAddress: '127.0.0.1', host: address }

  await t.test('one that is answered', async () => {
    const { body } = await callHttp2(session, 'GET', '/v2/none/tags/list')
    const expected = { method: 'GET', url: '/v2/none/tags/list', status: 404, bytesSent: body.length }
    assert.deepEqual(await last(), { ...common, ...expected })
    await callHttp2(session, 'HEAD', '/v2/')
    assert.deepEqual(await last(), { ...common, method: 'HEAD', url: '/v2/', status: 200, bytesSent: 0 })
  })

  await t.test('one whose client gives it up before it is answered: 499', async () => {
    const url = `/v2/a/blobs/uploads/?digest=${digestOf('x')}`
    for (const end of ['stream', 'connection'] as const) {
      const own = connect(`http://${address}`)
      own.on('error', () => {})
      const stream = own.request({ ':method': 'POST', ':path': url })
      stream.on('error', () => {})
      stream.write('half')
      await delay(100)
      if (end === 'stream') stream.destroy(new Error('given up'))
      else own.destroy()
      const expected = { method: 'POST', url, status: 499, bytesSent: 0 }
      assert.deepEqual(await last(), { ...common, ...expected }, end)
      own.destroy()
    }
  })

  await t.test('one whose answer is not taken to the end', async () => {
    const content = randomBytes(8 * 1024 * 1024)
    const url = `/v2/a/blobs/${digestOf(content)}`
    const push = { body: content, headers: { 'content-type': 'application/octet-stream' } }
    await callHttp2(session, 'POST', `/v2/a/blobs/uploads/?digest=${digestOf(content)}`, push)
    await last()
    const stream = session.request({ ':path': url })
    stream.on('error', () => {})
    stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL))
    const { bytesSent, ...rest } = (await last()) ?? {}
    assert.deepEqual(rest, { ...common, method: 'GET', url, status: 200 })
    assert.ok(Number(bytesSent) < content.length, String(bytesSent))
  })
})
