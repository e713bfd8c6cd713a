import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test from 'node:test'
import { basic } from '../auth/htpasswd-file.ts'
import { asAlice, startGuarded, type GuardedVictim } from './auth-victim.ts'
import { raw, rawOutcome } from './raw.ts'

const mebibyte = 1024 * 1024

/** Of what is refused: what is read to let a client that sends before it reads see its answer, and what the kernel takes besides. */
const most = 64 * mebibyte

const bad: Readonly<Record<string, string>> = {
  'no credentials': '',
  'a wrong password': `Authorization: ${basic('alice', 'wrong')}\r\n`,
  'an unknown user': `Authorization: ${basic('mallory', 'wrong')}\r\n`,
  'no token': 'Authorization: Bearer e30.e30.e30\r\n',
}

const uploads: Readonly<Record<string, string>> = {
  'a manifest': 'PUT /v2/closed/app/manifests/new',
  'a blob': `POST /v2/closed/app/blobs/uploads/?digest=sha256:${'0'.repeat(64)}`,
  'a chunk': 'PATCH /v2/closed/app/blobs/uploads/00000000-0000-4000-8000-000000000000',
}

function head(line: string, more: string): string {
  return `${line} HTTP/1.1\r\nHost: registry.example\r\nContent-Type: application/octet-stream\r\n${more}\r\n`
}

void test('somebody who may not push cannot make the registry read', async (t) => {
  const victim = await startGuarded(t, { http: { trustedproxies: ['127.0.0.1'] } })
  let address = 0
  for (const [who, header] of Object.entries(bad)) {
    for (const [what, line] of Object.entries(uploads)) {
      const from = `X-Forwarded-For: 192.0.2.${address++}\r\n`
      await t.test(`${what} of gigabytes, by ${who}`, async () => {
        const length = `Content-Length: ${5 * 1024 * mebibyte}\r\n`
        for (const framing of [length, 'Transfer-Encoding: chunked\r\n']) {
          const { sent, answer } = await flood(victim, head(line, header + from + framing))
          assert.match(answer, /^HTTP\/1\.1 401 /)
          assert.ok(sent < most, `${Math.round(sent / mebibyte)} MiB`)
        }
      })
      await t.test(`${what} that is announced, by ${who}`, async () => {
        const more = `${header}${from}Expect: 100-continue\r\nContent-Length: ${5 * mebibyte}\r\n`
        const answer = await raw(victim.port, head(line, more), { linger: true })
        assert.equal(rawOutcome(answer), '401 UNAUTHORIZED')
        assert.ok(!answer.text.includes('100 Continue'))
      })
    }
  }
  await victim.checkUnharmed()
})

void test('a body that never comes holds nobody up', async (t) => {
  const victim = await startGuarded(t)
  const start = performance.now()
  const line = head('PUT /v2/closed/app/manifests/new', `${bad['no token']}Content-Length: 100\r\n`)
  const half = await Promise.all(
    Array.from({ length: 100 }, () => raw(victim.port, line, { timeoutMs: 30_000 })),
  )
  assert.ok(half.every((answer) => rawOutcome(answer) === '401 UNAUTHORIZED'))
  assert.ok(performance.now() - start < 15_000, `${performance.now() - start} ms`)
  await victim.checkUnharmed()
})

void test('clients that go away while their password is looked at', async (t) => {
  const victim = await startGuarded(t, { cost: 10, http: { trustedproxies: ['127.0.0.1'] } })
  for (let number = 0; number < 100; number++) {
    const headers = `Authorization: ${basic(`user-${number}`, 'x')}\r\nX-Forwarded-For: 192.0.2.${number}\r\n`
    const socket = connect(victim.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(head('GET /v2/', headers))
    setTimeout(() => socket.destroy(), 20)
  }
  const start = performance.now()
  const answer = await victim.call('GET', '/v2/', { headers: { Authorization: asAlice } })
  assert.equal(answer.status, 200)
  assert.ok(performance.now() - start < 20_000)
  await victim.checkUnharmed()
})

/** Sends as much as is taken, until the server ends the connection. */
async function flood(
  victim: GuardedVictim,
  start: string,
): Promise<{ readonly sent: number; readonly answer: string }> {
  const isChunked = start.includes('chunked')
  const size = 256 * 1024
  const piece = Buffer.alloc(size, 'x')
  const chunk = isChunked
    ? Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
    : piece
  const socket = connect({ port: victim.port, host: '127.0.0.1', allowHalfOpen: true })
  let answer = ''
  socket.on('data', (data: Buffer) => (answer += data.toString('latin1')))
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error(`still open; ${socket.bytesWritten} bytes`)), 30_000)
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (error === undefined) resolve({ sent: socket.bytesWritten - socket.writableLength, answer })
      else reject(error)
    }
    const send = (): void => {
      while (socket.writable && socket.write(chunk)) if (socket.bytesWritten > 10 * most) return finish()
    }
    socket.on('drain', send)
    socket.on('end', () => finish())
    socket.on('error', () => finish())
    socket.on('close', () => finish())
    socket.write(start)
    send()
  })
}
