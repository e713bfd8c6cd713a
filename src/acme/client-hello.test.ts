import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { before, describe, it } from 'node:test'
import { connect, type ConnectionOptions } from 'node:tls'
import * as fc from 'fast-check'
import { requireProgram } from '../../test/support/require-program.ts'
import { run } from '../../test/support/run.ts'
import { longestClientHello, parseClientHello } from './client-hello.ts'

/** What a client sends first: one ClientHello, for it waits for the answer. */
async function capture(client: (port: number) => Promise<unknown>): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[Socket]>
  const ended = client((server.address() as AddressInfo).port)
  const [socket] = await connected
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  server.close()
  await ended
  return bytes
}

function captureNode(options: ConnectionOptions): Promise<Buffer> {
  return capture(async (port) => {
    const socket = connect({ host: '127.0.0.1', port, ...options })
    await once(socket, 'error')
  })
}

function captureOpenssl(...args: readonly string[]): Promise<Buffer> {
  return capture((port) =>
    run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], { mayFail: true }),
  )
}

const servername = 'registry.example.com'

/** The same message in records of a few bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    const head = Buffer.from(hello.subarray(0, 5))
    head.writeUInt16BE(part.length, 3)
    records.push(head, part)
  }
  return Buffer.concat(records)
}

/** The parser does not throw, and says nothing that was not there. */
function check(bytes: Buffer): void {
  const seen = parseClientHello(bytes)
  if (typeof seen === 'string') return
  for (const text of [seen.serverName ?? '', ...seen.protocols])
    assert.ok(bytes.toString('utf8').includes(text) || text.includes('\uFFFD'))
}

describe('a ClientHello', () => {
  let hello: Buffer
  before(async () => {
    hello = await captureNode({ servername, ALPNProtocols: ['h2', 'http/1.1'] })
  })

  it('is read as Node sends it', async () => {
    const all = { serverName: servername, protocols: ['h2', 'http/1.1'] }
    assert.deepEqual(parseClientHello(hello), all)
    assert.deepEqual(parseClientHello(await captureNode({ servername })), {
      serverName: servername,
      protocols: [],
    })
    assert.deepEqual(parseClientHello(await captureNode({ ALPNProtocols: ['http/1.1'] })), {
      protocols: ['http/1.1'],
    })
    const old = await captureNode({ servername, maxVersion: 'TLSv1.2', ALPNProtocols: all.protocols })
    assert.deepEqual(parseClientHello(old), all)
  })

  it('is read as the openssl command sends it', async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const validator = await captureOpenssl('-servername', servername, '-alpn', 'acme-tls/1')
    assert.deepEqual(parseClientHello(validator), { serverName: servername, protocols: ['acme-tls/1'] })
    const nameless = await captureOpenssl('-noservername', '-alpn', 'h2,acme-tls/1')
    assert.deepEqual(parseClientHello(nameless), { protocols: ['h2', 'acme-tls/1'] })
    const bare = await captureOpenssl('-noservername', '-tls1_2')
    assert.deepEqual(parseClientHello(bare), { protocols: [] })
    // Alternatives that are so long that they need more than one record, or that no client sends.
    const protocols = Array.from({ length: 250 }, (_, index) => `protocol-${index}-${'x'.repeat(40)}`)
    const long = await captureOpenssl('-servername', servername, '-alpn', protocols.join(','))
    assert.ok(long.length > 10_000)
    assert.deepEqual(parseClientHello(long), { serverName: servername, protocols })
  })

  it('is incomplete until its last byte, in whatever records it comes', () => {
    const expected = parseClientHello(hello)
    for (const size of [1, 2, 3, 4, 5, 100, hello.length]) {
      const bytes = inRecords(hello, size)
      for (let length = 0; length < bytes.length; length++)
        assert.equal(parseClientHello(bytes.subarray(0, length)), 'incomplete')
      assert.deepEqual(parseClientHello(bytes), expected)
      assert.deepEqual(parseClientHello(Buffer.concat([bytes, Buffer.from('more')])), expected)
    }
  })

  it('is nothing else', () => {
    const others: Readonly<Record<string, Buffer>> = {
      'a request': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      'an alert': Buffer.from('15030100020228', 'hex'),
      'an empty record': Buffer.from('1603010000', 'hex'),
      'a record that is too long': Buffer.from('1603014001', 'hex'),
      'another version of the record': Buffer.from('1602', 'hex'),
      'a ServerHello': Buffer.from('160303000402000000', 'hex'),
      'a ClientHello of SSL 2': Buffer.from('802e010301', 'hex'),
      'a message that is too long': Buffer.from('16030100040100fffd', 'hex'),
      'a message that ends early': Buffer.from('160301000401000000', 'hex'),
    }
    for (const [name, bytes] of Object.entries(others)) assert.equal(parseClientHello(bytes), 'other', name)
    for (let length = 1; length < 5; length++) {
      const cut = Buffer.concat([hello.subarray(0, 9 + length), hello.subarray(10 + length)])
      assert.notEqual(typeof parseClientHello(cut), 'object')
    }
  })

  it('is given up when it is longer than any client has it', () => {
    const endless = Buffer.concat(Array.from({ length: 5000 }, () => Buffer.from('160301000101', 'hex')))
    assert.equal(parseClientHello(endless.subarray(0, 12)), 'incomplete')
    assert.ok(endless.length > longestClientHello)
    assert.equal(parseClientHello(endless), 'other')
  })

  it('never makes the parser throw, nor say more than arrived', () => {
    const anywhere = fc.record({
      at: fc.nat(hello.length - 1),
      byte: fc.nat(255),
      length: fc.nat(hello.length),
    })
    fc.assert(
      fc.property(fc.array(anywhere, { maxLength: 4 }), fc.boolean(), (changes, cut) => {
        let bytes = Buffer.from(hello)
        for (const { at, byte, length } of changes) {
          if (cut) bytes = bytes.subarray(0, length)
          else bytes[at] = byte
        }
        check(bytes)
      }),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => check(Buffer.from(bytes))))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const head = Buffer.from([22, 3, 1, 0, 0, 1, 0, 0, 0])
        head.writeUInt16BE(bytes.length + 4, 3)
        head.writeUInt16BE(bytes.length, 7)
        check(Buffer.concat([head, bytes]))
      }),
      { numRuns: 2000 },
    )
  })
})
