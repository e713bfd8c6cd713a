import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { frame, uint32 } from '../http2/frames.ts'
import {
  flag,
  frameType,
  headerBlock,
  openRaw,
  request,
  requestFields,
  rstStream,
  settings,
  type RawConnection,
} from '../http2/raw-connection.ts'
import { http } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { digestOf } from '../support/seeded.ts'

const mebibyte = 1024 * 1024

/** What a client can do to a server over HTTP/2 that costs it little. */
interface Attack {
  /** What is sent before. */
  readonly begin?: (connection: RawConnection) => void
  /** What is sent again and again. */
  readonly again: (turn: number) => Uint8Array
  readonly turns: number
  /** Reads nothing of what the server says. */
  readonly deaf?: boolean
  /** The server has to give this connection up. The others cost it little more than the client. */
  readonly ends?: boolean
}

const open = (method: string, path: string) => (connection: RawConnection) =>
  connection.write(request(1, method, path, {}, false))

/** Four kilobytes in the table of headers, of which a byte each makes as many again (RFC 7541, 6.1). */
const remembered = Buffer.concat([
  Buffer.from([0x40, 1]),
  Buffer.from('x'),
  Buffer.from([0x7f, 0xbd, 0x1d]),
  Buffer.alloc(127 + 0x3d + 0x1d * 128, 'z'),
])

const attacks: Readonly<Record<string, Attack>> = {
  // CVE-2023-44487
  'requests that are given up at once': {
    again: (turn) =>
      Buffer.concat([request(2 * turn + 1, 'GET', '/v2/_catalog'), rstStream(2 * turn + 1, 8)]),
    turns: 20_000,
    ends: true,
  },
  // CVE-2025-8671
  'requests that we are made to give up': {
    again: (turn) =>
      Buffer.concat([
        request(2 * turn + 1, 'GET', '/v2/_catalog'),
        frame(frameType.windowUpdate, 0, 2 * turn + 1, uint32(0)),
      ]),
    turns: 20_000,
    ends: true,
  },
  'headers without end': {
    begin: (connection) =>
      connection.write(
        frame(frameType.headers, flag.endStream, 1, headerBlock(requestFields('GET', '/v2/'))),
      ),
    again: (turn) => frame(frameType.continuation, 0, 1, headerBlock([[`x-${turn}`, 'y'.repeat(100)]])),
    turns: 20_000,
    ends: true,
  },
  'headers without end, and with nothing in them': {
    begin: (connection) =>
      connection.write(
        frame(frameType.headers, flag.endStream, 1, headerBlock(requestFields('GET', '/v2/'))),
      ),
    again: () => frame(frameType.continuation, 0, 1, Buffer.alloc(0)),
    turns: 50_000,
    ends: true,
  },
  'headers that grow when they are read': {
    begin: (connection) => {
      const block = Buffer.concat([headerBlock(requestFields('GET', '/v2/')), remembered])
      connection.write(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, block))
    },
    again: (turn) => {
      const block = Buffer.concat([headerBlock(requestFields('GET', '/v2/')), Buffer.alloc(15_000, 0xbe)])
      return frame(frameType.headers, flag.endHeaders | flag.endStream, 2 * turn + 3, block)
    },
    turns: 300,
  },
  // CVE-2019-9515, CVE-2019-9512
  'SETTINGS, whose confirmations nobody reads': {
    again: () => settings(),
    turns: 100_000,
    deaf: true,
  },
  'PING, whose answers nobody reads': {
    again: () => frame(frameType.ping, 0, 0, Buffer.alloc(8)),
    turns: 100_000,
    deaf: true,
  },
  // CVE-2019-9518
  'a body of frames with nothing in them': {
    begin: open('PUT', '/v2/a/manifests/x'),
    again: () => frame(frameType.data, 0, 1, Buffer.alloc(0)),
    turns: 50_000,
    ends: true,
  },
  // CVE-2019-9513
  PRIORITY: {
    again: (turn) => frame(frameType.priority, 0, 2 * turn + 1, Buffer.from([0, 0, 0, 0, 16])),
    turns: 20_000,
  },
  'WINDOW_UPDATE of a byte': {
    begin: open('PUT', '/v2/a/manifests/x'),
    again: () => frame(frameType.windowUpdate, 0, 1, uint32(1)),
    turns: 20_000,
  },
  // CVE-2019-9517
  'requests whose answers nobody reads': {
    again: (turn) => request(2 * turn + 1, 'GET', '/v2/'),
    turns: 50_000,
    deaf: true,
    ends: true,
  },
}

function residentMiB(registry: RunningRegistry): number {
  const status = readFileSync(`/proc/${registry.pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}

/** Until all is sent, or the server has ended the connection, or takes no more. */
async function send(connection: RawConnection, { again, turns }: Attack): Promise<void> {
  const { socket } = connection
  for (let turn = 0; turn < turns && !connection.isClosed; turn++) {
    connection.write(again(turn))
    if (turn % 100 !== 99) continue
    if (socket.writableLength < mebibyte) await delay(0)
    else await Promise.race([once(socket, 'drain'), once(socket, 'close'), delay(2000)])
    if (socket.writableLength >= mebibyte) return
  }
}

void test('floods of HTTP/2', async (t) => {
  if (process.platform !== 'linux') return t.skip('reads /proc')
  const config = { http: { h2c: { enabled: true } } }
  const registry = await startRegistry({ kind: 'berth', config }, t)
  const serves = async (): Promise<void> => {
    const began = performance.now()
    assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
    assert.ok(performance.now() - began < 3000, `an answer took ${performance.now() - began} ms`)
  }

  for (const [what, attack] of Object.entries(attacks)) {
    await t.test(what, async () => {
      const before = residentMiB(registry)
      const connection = await openRaw(registry.port)
      attack.begin?.(connection)
      if (attack.deaf === true) connection.socket.pause()
      const sending = send(connection, attack)
      await serves()
      await sending
      connection.socket.resume()
      await serves()
      // Node 20 says that it is over, and leaves it at that until the connection has been idle for long enough.
      if (attack.ends === true) await connection.find(({ type }) => type === frameType.goaway)
      connection.destroy()
      await serves()
      const grown = residentMiB(registry) - before
      assert.ok(grown < 60, `${grown} MiB more`)
    })
  }

  await t.test('pulls that nobody takes', async () => {
    const content = randomBytes(4 * mebibyte)
    const path = `/v2/a/blobs/${digestOf(content)}`
    const push = await http('POST', `${registry.url}/v2/a/blobs/uploads/?digest=${digestOf(content)}`, {
      headers: { 'Content-Type': 'application/octet-stream' },
      body: content,
    })
    assert.equal(push.status, 201)
    const before = residentMiB(registry)
    const connection = await openRaw(registry.port, { settings: { 4: 0 } })
    for (let turn = 0; turn < 500; turn++) connection.write(request(2 * turn + 1, 'GET', path))
    const refused = await connection.find(
      ({ type, payload }) =>
        type === frameType.rstStream && payload.readUInt32BE() === constants.NGHTTP2_REFUSED_STREAM,
    )
    assert.ok(refused, 'not all of them at once')
    await serves()
    assert.ok(residentMiB(registry) - before < 80, `${residentMiB(registry) - before} MiB more`)
    connection.destroy()
    await serves()
  })

  const { code } = await registry.stop()
  assert.equal(code, 0)
})
