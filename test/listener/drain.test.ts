import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { frame } from '../http2/frames.ts'
import {
  flag,
  frameType,
  headerBlock,
  openRaw,
  request,
  requestFields,
  type RawConnection,
} from '../http2/raw-connection.ts'
import { callHttp2 } from '../http2/transports.ts'
import { requireProgram } from '../support/require-program.ts'
import { newCertificate } from './certificate.ts'
import { startListener, type Started } from './start.ts'

/** The last stream that each GOAWAY names. */
function goaways(connection: RawConnection): readonly number[] {
  return connection.frames
    .filter(({ type }) => type === frameType.goaway)
    .map(({ payload }) => payload.readUInt32BE())
}

async function begun(t: TestContext): Promise<Started & { connection: RawConnection }> {
  const started = await startListener(t, { h2c: true })
  const connection = await openRaw(started.port, { polite: false })
  connection.write(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)))
  connection.write(request(1, 'POST', '/slow', {}, false))
  await delay(50)
  return { ...started, connection }
}

void test('HTTP/2: what has begun goes on, and the client learns what has not (RFC 9113, 6.8)', async (t) => {
  const { listener, connection } = await begun(t)
  const stopped = listener.stop(10_000)
  await connection.find(({ type }) => type === frameType.goaway)
  assert.deepEqual(goaways(connection), [1])
  connection.write(request(3, 'GET', '/a'))
  await delay(300)
  assert.ok(!connection.frames.some(({ stream }) => stream === 3), 'nothing is heard of a later one')
  connection.write(frame(frameType.data, flag.endStream, 1, Buffer.from('x')))
  assert.ok(await connection.find(({ type, stream }) => type === frameType.data && stream === 1))
  await connection.closed()
  assert.equal(await stopped, true)
})

void test('what does not end in time is cut off', async (t) => {
  const { listener, connection } = await begun(t)
  assert.equal(await listener.stop(300), false)
  await connection.closed()
})

void test('connections on which nothing is asked do not keep a listener', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const pair = await newCertificate(t)
  for (const [what, options] of [
    ['without TLS', { h2c: true }],
    ['with TLS', { tls: { options: pair } }],
  ] as const) {
    await t.test(what, async (sub) => {
      const { listener, port } = await startListener(sub, options)
      const scheme = what === 'with TLS' ? 'https' : 'http'
      const session = connect(`${scheme}://127.0.0.1:${port}`, { ca: pair.cert })
      await callHttp2(session, 'GET', '/a')
      const ca = what === 'with TLS' ? { ca: pair.cert } : {}
      const halfAsked = await openRaw(port, { polite: false, ...ca })
      halfAsked.write(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)))
      const block = headerBlock(requestFields('GET', '/a'))
      halfAsked.write(frame(frameType.headers, flag.endStream, 1, block))
      // Neither has a handshake, or a first byte.
      const silent = createConnection({ port, host: '127.0.0.1' })
      const atTheBeginning = createConnection({ port, host: '127.0.0.1' })
      for (const socket of [silent, atTheBeginning]) {
        socket.on('error', () => {})
        await once(socket, 'connect')
      }
      atTheBeginning.write(what === 'with TLS' ? Buffer.from([0x16, 3, 1, 2, 0, 1]) : 'PRI * HTT')
      await delay(100)
      const began = performance.now()
      assert.equal(await listener.stop(10_000), true)
      assert.ok(performance.now() - began < 4000, `${performance.now() - began} ms`)
      session.destroy()
      halfAsked.destroy()
    })
  }
})
