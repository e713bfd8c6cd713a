import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'
import { digestOf } from '../support/seeded.ts'
import { frame, get, preface, uint32 } from './frames.ts'

/** Bytes that a client allows if it says nothing (RFC 9113, 6.9.2). */
const firstWindow = 65_535

interface Seen {
  data: number
  isEnded: boolean
  isReset: boolean
}

void test('an answer that fills the window to the last byte ends well, when there is room again', async (t) => {
  const registry = await startRegistry({ kind: 'berth', config: { http: { h2c: { enabled: true } } } }, t)
  for (const size of [firstWindow, firstWindow - 1, firstWindow + 1]) {
    const content = randomBytes(size)
    const digest = digestOf(content)
    const push = await http('POST', `${registry.url}/v2/a/blobs/uploads/?digest=${digest}`, {
      headers: { 'Content-Type': 'application/octet-stream' },
      body: content,
    })
    assert.equal(push.status, 201)
    const socket = connect(registry.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    const seen: Seen = { data: 0, isEnded: false, isReset: false }
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
        const [length, type, flags] = [rest.readUIntBE(0, 3), rest.readUInt8(3), rest.readUInt8(4)]
        if (type === 0) seen.data += length
        // What comes after the end is no matter.
        if (type === 3 && !seen.isEnded) seen.isReset = true
        if (type === 0 && (flags & 1) === 1) seen.isEnded = true
        rest = rest.subarray(9 + length)
      }
    })
    socket.write(Buffer.concat([preface, frame(4, 0, 0, Buffer.alloc(0)), get(`/v2/a/blobs/${digest}`)]))
    await delay(500)
    const room = uint32(1000)
    socket.write(Buffer.concat([frame(8, 0, 0, room), frame(8, 0, 1, room)]))
    for (let tries = 0; tries < 100 && !seen.isEnded && !seen.isReset; tries++) await delay(20)
    assert.deepEqual(seen, { data: size, isEnded: true, isReset: false }, `${size} bytes`)
    socket.destroy()
  }
})
