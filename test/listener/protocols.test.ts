import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import test from 'node:test'
import { raw } from '../hostile/raw.ts'
import { frame, preface } from '../http2/frames.ts'
import { frameType, openRaw, request } from '../http2/raw-connection.ts'
import { callHttp2 } from '../http2/transports.ts'
import { startListener } from './start.ts'

const get = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'

void test('HTTP/2 without TLS, by prior knowledge', async (t) => {
  const { port } = await startListener(t, { h2c: true, timeouts: { header: 500 } })

  await t.test('beside HTTP/1.1 on one port', async (sub) => {
    const session = connect(`http://127.0.0.1:${port}`)
    sub.after(() => session.destroy())
    const answer = await callHttp2(session, 'GET', '/a')
    assert.equal(answer.body.toString(), 'HTTP/2.0 GET /a')
    assert.equal((await raw(port, get)).body, 'HTTP/1.1 GET /a')
    assert.equal((await raw(port, get + get, { answers: 2 })).statuses.length, 2)
  })

  await t.test('byte by byte', async () => {
    assert.equal((await raw(port, get.split(''), { pauseMs: 1 })).body, 'HTTP/1.1 GET /a')
    const connection = await openRaw(port, { pieces: 1 })
    connection.write(request(1, 'GET', '/a'))
    const data = await connection.find(({ type }) => type === frameType.data)
    assert.equal(data?.payload.toString(), 'HTTP/2.0 GET /a')
    connection.destroy()
  })

  await t.test('what only begins like it is bad HTTP/1.1', async () => {
    for (const bytes of ['PRJ * HTTP/2.0\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n']) {
      assert.equal((await raw(port, bytes)).status, 400, bytes)
    }
  })

  await t.test('nothing, or not enough of it, for too long: the connection ends', async () => {
    for (const bytes of ['', 'PRI * HTT']) {
      const { status, closed } = await raw(port, bytes)
      assert.deepEqual({ status, closed }, { status: 0, closed: true })
    }
    const ended = await raw(port, 'PRI', { end: true, timeoutMs: 400 })
    assert.ok(ended.closed)
  })

  await t.test('Upgrade is not taken up (RFC 9113, 3.1)', async () => {
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n'
    const answer = await raw(port, `GET /a HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`)
    assert.equal(answer.status, 200)
    assert.equal(answer.body, 'HTTP/1.1 GET /a')
  })
})

void test('HTTP/2 without TLS is off unless it is on', async (t) => {
  const { port } = await startListener(t)
  const settings = frame(frameType.settings, 0, 0, Buffer.alloc(0))
  const answer = await raw(port, Buffer.concat([preface, settings]))
  assert.equal(answer.status, 400)
  assert.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0')
})

void test('addresses', async (t) => {
  for (const [address, hosts] of [
    [':0', ['127.0.0.1', '[::1]']],
    ['[::]:0', ['127.0.0.1', '[::1]']],
    ['[::1]:0', ['[::1]']],
    ['127.0.0.1:0', ['127.0.0.1']],
    ['localhost:0', ['127.0.0.1']],
  ] as const) {
    await t.test(address, async (sub) => {
      const { port } = await startListener(sub, { address })
      for (const host of hosts) {
        assert.equal(await (await fetch(`http://${host}:${port}/a`)).text(), 'HTTP/1.1 GET /a')
      }
    })
  }
})
