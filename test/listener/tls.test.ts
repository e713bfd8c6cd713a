import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as startRequest } from 'node:https'
import { connect, type ClientHttp2Session } from 'node:http2'
import { createConnection } from 'node:net'
import test, { type TestContext } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { raw } from '../hostile/raw.ts'
import { callHttp2 } from '../http2/transports.ts'
import { requireProgram } from '../support/require-program.ts'
import { newCertificate } from './certificate.ts'
import { startListener } from './start.ts'

/** Opens a connection that offers protocols. */
async function handshake(port: number, ca: string, protocols?: readonly string[]): Promise<TLSSocket> {
  const alpn = protocols === undefined ? {} : { ALPNProtocols: [...protocols] }
  const socket = connectTls({ port, host: '127.0.0.1', ca, ...alpn })
  await once(socket, 'secureConnect')
  return socket
}

async function get(port: number, ca: string, agent: Agent | false = false): Promise<string> {
  return await new Promise((resolve, reject) => {
    startRequest({ port, host: '127.0.0.1', path: '/a', ca, agent }, (response) => {
      response.on('data', (chunk: Buffer) => resolve(chunk.toString()))
    })
      .on('error', reject)
      .end()
  })
}

function openSession(t: TestContext, port: number, ca: string): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { ca })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return session
}

void test('one port with TLS', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const pair = await newCertificate(t)
  const ca = pair.cert
  const { port } = await startListener(t, { tls: { options: pair } })

  await t.test(
    'speaks what the client prefers of what we offer, and HTTP/1.1 with who offers nothing',
    async (sub) => {
      for (const [protocols, expected] of [
        [['h2', 'http/1.1'], 'h2'],
        // The server's preference counts (RFC 7301, 3.2).
        [['http/1.1', 'h2'], 'h2'],
        [['http/1.1'], 'http/1.1'],
        [['http/1.0', 'http/1.1'], 'http/1.1'],
        [undefined, false],
      ] as const) {
        const socket = await handshake(port, ca, protocols)
        assert.equal(socket.alpnProtocol, expected)
        socket.destroy()
      }
      assert.equal(await get(port, ca), 'HTTP/1.1 GET /a')
      const answer = await callHttp2(openSession(sub, port, ca), 'GET', '/a')
      assert.equal(answer.body.toString(), 'HTTP/2.0 GET /a')
    },
  )

  await t.test('refuses who offers other protocols alone (RFC 7301, 3.2)', async () => {
    await assert.rejects(handshake(port, ca, ['spdy/3']))
  })

  await t.test('tells who speaks plain HTTP, in the words of Go’s servers', async () => {
    for (const line of ['GET /v2/ HTTP/1.1', 'POST /v2/a/blobs/uploads/ HTTP/1.1', 'HEAD / HTTP/1.0']) {
      const { text, closed } = await raw(port, `${line}\r\nHost: a\r\n\r\n`)
      assert.equal(text, 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n')
      assert.ok(closed)
    }
    const { text, closed } = await raw(port, 'NONSENSE\r\n\r\n')
    assert.ok(closed)
    assert.doesNotMatch(text, /HTTP/)
  })
})

void test('HTTP/2 can be off', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const pair = await newCertificate(t)
  const { port } = await startListener(t, { http2: false, tls: { options: pair } })
  const socket = await handshake(port, pair.cert, ['h2', 'http/1.1'])
  assert.equal(socket.alpnProtocol, 'http/1.1')
  socket.destroy()
  await assert.rejects(handshake(port, pair.cert, ['h2']))
})

void test('a new certificate is for new connections; those that are there go on', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const [first, second] = [await newCertificate(t, 'first'), await newCertificate(t, 'second')]
  const { port, listener } = await startListener(t, { tls: { options: first } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: first.cert })
  t.after(() => agent.destroy())
  const session = openSession(t, port, first.cert)
  const ask = async (): Promise<void> => {
    assert.equal(await get(port, first.cert, agent), 'HTTP/1.1 GET /a')
    assert.equal((await callHttp2(session, 'GET', '/a')).body.toString(), 'HTTP/2.0 GET /a')
  }
  await ask()
  listener.setSecureContext(second)
  await ask()
  await assert.rejects(handshake(port, first.cert, ['h2']))
  const socket = await handshake(port, second.cert, ['h2'])
  assert.equal(socket.getPeerCertificate().subject.CN, 'second')
  socket.destroy()
})

void test('who looks at a connection before and after the handshake', async (t) => {
  if (!requireProgram(t, 'openssl')) return
  const pair = await newCertificate(t)

  await t.test('may keep it, or hand it on with what it read put back', async (sub) => {
    let kept = 0
    const { port } = await startListener(sub, {
      tls: {
        options: pair,
        accept: (socket, next) => {
          socket.once('data', (data: Buffer) => {
            socket.pause()
            socket.unshift(data)
            if (data[0] === 0x16) next(socket)
            else {
              kept++
              socket.end('kept')
            }
          })
        },
      },
    })
    assert.equal(await get(port, pair.cert), 'HTTP/1.1 GET /a')
    assert.equal((await raw(port, 'other')).text, 'kept')
    assert.equal(kept, 1)
    // One that is gone before anybody looked is nobody's failure.
    const socket = createConnection({ port, host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.resetAndDestroy()
    assert.equal(await get(port, pair.cert), 'HTTP/1.1 GET /a')
  })

  await t.test('may refuse a client', async (sub) => {
    let isOpen = false
    const { port } = await startListener(sub, { tls: { options: pair, admits: () => isOpen } })
    for (const protocols of [['h2'], ['http/1.1']]) {
      const socket = await handshake(port, pair.cert, protocols)
      socket.on('error', () => {})
      socket.resume()
      await once(socket, 'close')
    }
    isOpen = true
    assert.equal(await get(port, pair.cert), 'HTTP/1.1 GET /a')
  })
})
