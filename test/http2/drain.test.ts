import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { startRegistry } from '../support/registry-process.ts'
import { http } from '../support/http.ts'
import { digestOf } from '../support/seeded.ts'
import { allow, frame, get, preface, uint32 } from './frames.ts'

const mebibyte = 1024 * 1024
const size = 6 * mebibyte

interface Taken {
  readonly bytes: number
  /** The server said that this was all. */
  readonly isWhole: boolean
}

/** Takes about 2 MiB a second, and says of each frame that it has it. */
async function takeSlowly(socket: Socket): Promise<Taken> {
  let bytes = 0
  let isWhole = false
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer])
    while (rest.length >= 9) {
      const length = rest.readUIntBE(0, 3)
      if (rest.length < 9 + length) break
      const [type, flags] = [rest.readUInt8(3), rest.readUInt8(4)]
      const payload = rest.subarray(9, 9 + length)
      rest = rest.subarray(9 + length)
      if (type === 6 && flags === 0) socket.write(frame(6, 1, 0, Buffer.from(payload)))
      if (type !== 0) continue
      bytes += length
      if (length > 0) socket.write(frame(8, 0, 0, uint32(length)))
      if ((flags & 1) === 1) isWhole = true
    }
    if (isWhole) socket.end()
    await delay((chunk as Buffer).length / 2_100)
  }
  return { bytes, isWhole }
}

void test('SIGTERM: a slow client of HTTP/2 gets all of its answer', async (t) => {
  const registry = await startRegistry({ kind: 'berth', config: { http: { h2c: { enabled: true } } } }, t)
  const content = randomBytes(size)
  const digest = digestOf(content)
  const push = await http('POST', `${registry.url}/v2/a/blobs/uploads/?digest=${digest}`, {
    headers: { 'Content-Type': 'application/octet-stream' },
    body: content,
  })
  assert.equal(push.status, 201)
  const socket = connect({
    port: registry.port,
    host: '127.0.0.1',
    readableHighWaterMark: 16 * 1024,
  } as never)
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(Buffer.concat([preface, allow(2 ** 30), get(`/v2/a/blobs/${digest}`)]))
  const taken = takeSlowly(socket)
  await delay(500)
  const stopped = registry.stop()
  assert.deepEqual(await taken, { bytes: size, isWhole: true })
  assert.equal((await stopped).code, 0)
})
