import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { connect as connectTls } from 'node:tls'
import { frame } from '../http2/frames.ts'
import { flag, frameType, headerBlock, openRaw, request, requestFields } from '../http2/raw-connection.ts'
import { requireProgram } from '../support/require-program.ts'
import { newCertificate } from './certificate.ts'
import { startListener } from './start.ts'

/** Until the server ends the connection: milliseconds, and what it said. */
async function lifeOf(socket: Socket): Promise<{ milliseconds: number; text: string }> {
  const began = performance.now()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  if (!socket.closed) await once(socket, 'close')
  return { milliseconds: performance.now() - began, text: Buffer.concat(chunks).toString('latin1') }
}

async function plain(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  return socket
}

const slow = 'GET /a HTTP/1.1\r\nHost: a\r\n'
const whole = `${slow}\r\n`

void test('more connections than are allowed are closed at once, and the others are served', async (t) => {
  const { port } = await startListener(t, { limits: { connections: 3 } })
  const sockets = [await plain(port), await plain(port), await plain(port)]
  // Whether they count is known once they were accepted.
  for (const socket of sockets) {
    socket.write(whole)
    await once(socket, 'data')
  }
  const refused = await lifeOf(await plain(port))
  assert.ok(refused.milliseconds < 1000, `${refused.milliseconds} ms`)
  assert.equal(refused.text, '')
  sockets[0]?.destroy()
  await delay(100)
  const another = await plain(port)
  another.write(whole)
  const [answer] = (await once(another, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1.1 200 /)
  for (const socket of [...sockets, another]) socket.destroy()
})

void test('who is slow at the beginning is cut off', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const pair = await newCertificate(t)
  // Node looks every five seconds after HTTP/1.1.
  const timeouts = { header: 400 }
  const secure = await startListener(t, { tls: { options: pair }, timeouts })
  const tls = { port: secure.port, host: '127.0.0.1', ca: pair.cert }

  await Promise.all([
    t.test('a handshake that does not come, or not whole', async () => {
      for (const bytes of ['', '\x16\x03\x01\x02\x00\x01']) {
        const socket = await plain(secure.port)
        socket.write(Buffer.from(bytes, 'latin1'))
        const { milliseconds } = await lifeOf(socket)
        assert.ok(milliseconds > 300 && milliseconds < 3000, `${milliseconds} ms`)
      }
    }),

    t.test('headers of HTTP/1.1 over TLS', async () => {
      const socket = connectTls({ ...tls, ALPNProtocols: ['http/1.1'] })
      await once(socket, 'secureConnect')
      socket.write(slow)
      assert.match((await lifeOf(socket)).text, /^HTTP\/1.1 408 /)
    }),

    t.test('HTTP/2 on which nothing is asked, or not to the end', async () => {
      for (const begun of [
        Buffer.alloc(0),
        frame(frameType.headers, flag.endStream, 1, headerBlock(requestFields('GET', '/a'))),
      ]) {
        const connection = await openRaw(secure.port, { ca: pair.cert, polite: false })
        connection.write(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)), begun)
        await connection.closed()
        assert.ok(connection.frames.some(({ type }) => type === frameType.goaway))
        assert.ok(!connection.frames.some(({ type }) => type === frameType.headers))
      }
    }),
  ])
})

void test('idle connections are closed, those that are not are kept', async (t) => {
  const timeouts = { idle: 500 }
  const { port } = await startListener(t, { h2c: true, timeouts })

  await t.test('HTTP/1.1', async () => {
    const socket = await plain(port)
    socket.write(whole)
    const { milliseconds, text } = await lifeOf(socket)
    assert.match(text, /^HTTP\/1.1 200 /)
    assert.ok(milliseconds > 400 && milliseconds < 5000, `${milliseconds} ms`)
  })

  await t.test('HTTP/2', async () => {
    const connection = await openRaw(port)
    // The second one comes when the first one's idle time is half over, the third is a body that takes its time.
    for (const stream of [1, 3]) {
      connection.write(request(stream, 'GET', '/a'))
      await connection.find((found) => found.stream === stream && found.flags === flag.endStream)
      await delay(300)
    }
    connection.write(request(5, 'POST', '/slow', {}, false))
    for (let time = 0; time < 4; time++) {
      await delay(200)
      connection.write(frame(frameType.data, 0, 5, Buffer.from('x')))
    }
    assert.ok(!connection.frames.some(({ type }) => type === frameType.goaway))
    connection.write(frame(frameType.data, flag.endStream, 5, Buffer.alloc(0)))
    await connection.closed()
    const last = connection.frames.findLast(({ type }) => type === frameType.goaway)
    assert.equal(last?.payload.readUInt32BE(4), constants.NGHTTP2_NO_ERROR)
  })
})
