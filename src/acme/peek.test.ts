import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { temporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts'
import { makeCertificate, type Issued } from '../../test/tls/certificates.ts'
import type { ClientHello } from './client-hello.ts'
import { peekClientHello } from './peek.ts'

interface Peeked {
  readonly hello: ClientHello | undefined
  readonly socket: Socket
}

/** A server that peeks, and what it found; `next` takes the connections then. */
async function startPeeking(
  t: TestContext,
  patience: number,
  next: (socket: Socket) => void = () => {},
): Promise<{
  readonly port: number
  readonly peeked: readonly Peeked[]
  readonly sockets: readonly Socket[]
}> {
  const peeked: Peeked[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    const heard = listeners(socket)
    peekClientHello(socket, patience, (hello) => {
      peeked.push({ hello, socket })
      assert.deepEqual(listeners(socket), heard)
      next(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, peeked, sockets }
}

function listeners(socket: Socket): readonly number[] {
  return ['readable', 'data', 'end', 'close', 'error'].map((event) => socket.listenerCount(event))
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5)
}

describe('a look at what a client says first', () => {
  let folder: TemporaryFolder
  let certificate: Issued
  before(async () => {
    folder = temporaryFolder()
    certificate = await makeCertificate(folder.path, { name: 'server', hosts: ['registry.example.com'] })
  })
  after(() => folder.remove())

  /** Behind the look, and before the client, who sends all that in pieces. */
  async function converse(t: TestContext, pieceSize: number): Promise<void> {
    const tls = createTlsServer(
      { key: readFileSync(certificate.key), cert: readFileSync(certificate.certificate) },
      (socket) => socket.on('data', (chunk: Buffer) => socket.end(`echo ${chunk.toString()}`)),
    )
    const { port, peeked } = await startPeeking(t, 20_000, (socket) => tls.emit('connection', socket))
    const slow = createServer((from) => {
      const to = connect({ port, host: '127.0.0.1', noDelay: true })
      to.pipe(from)
      from.on('data', (chunk: Buffer) => {
        from.pause()
        void pieces(chunk, pieceSize, to).then(() => from.resume())
      })
      from.on('error', () => to.destroy())
      to.on('error', () => from.destroy())
    }).listen(0, '127.0.0.1')
    await once(slow, 'listening')
    t.after(() => {
      slow.close()
    })
    const client = connectTls({
      port: (slow.address() as AddressInfo).port,
      host: '127.0.0.1',
      servername: 'registry.example.com',
      ca: readFileSync(certificate.certificate),
      ALPNProtocols: ['http/1.1'],
    })
    client.write('hello')
    const [answer] = (await once(client, 'data')) as [Buffer]
    assert.equal(answer.toString(), 'echo hello')
    assert.deepEqual(peeked[0]?.hello, { serverName: 'registry.example.com', protocols: ['http/1.1'] })
    client.destroy()
  }

  it('leaves all to a TLS server behind it', async (t) => {
    await converse(t, 100_000)
  })

  it('leaves all to a TLS server behind it when it comes byte by byte', async (t) => {
    await converse(t, 1)
  })

  it('is over as soon as it can be no ClientHello, and leaves that', async (t) => {
    const texts: string[] = []
    const { port, peeked } = await startPeeking(t, 20_000, (socket) =>
      socket.on('data', (chunk: Buffer) => texts.push(chunk.toString())),
    )
    const client = connect(port, '127.0.0.1')
    client.write('G')
    await until(() => peeked.length > 0)
    client.write('ET / HTTP/1.1\r\n\r\n')
    await until(() => texts.join('') === 'GET / HTTP/1.1\r\n\r\n')
    assert.equal(peeked[0]?.hello, undefined)
    client.destroy()
  })

  it('is over when its time is, whatever has come until then', async (t) => {
    const chunks: Buffer[] = []
    const { port, peeked } = await startPeeking(t, 200, (socket) =>
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)),
    )
    const silent = connect(port, '127.0.0.1')
    const slow = connect(port, '127.0.0.1')
    slow.write(Buffer.from('160301', 'hex'))
    const begin = Date.now()
    await until(() => peeked.length === 2)
    assert.ok(Date.now() - begin < 5000)
    assert.deepEqual(
      peeked.map(({ hello }) => hello),
      [undefined, undefined],
    )
    await until(() => Buffer.concat(chunks).toString('hex') === '160301')
    silent.destroy()
    slow.destroy()
  })

  it('is over after 16 KiB', async (t) => {
    let length = 0
    const { port, peeked } = await startPeeking(t, 20_000, (socket) =>
      socket.on('data', (chunk: Buffer) => (length += chunk.length)),
    )
    const client = connect(port, '127.0.0.1')
    // A message that is short enough, in records of one byte.
    const records = Buffer.concat([
      Buffer.from('160301000401003f00', 'hex'),
      ...Array.from({ length: 5000 }, () => Buffer.from('160301000101', 'hex')),
    ])
    client.write(records)
    await until(() => peeked.length === 1)
    assert.equal(peeked[0]?.hello, undefined)
    await until(() => length === records.length)
    client.destroy()
  })

  it('ends with a client that goes away, and nobody is bothered', async (t) => {
    const { port, peeked, sockets } = await startPeeking(t, 20_000)
    const ended = connect(port, '127.0.0.1')
    ended.end(Buffer.from('1603', 'hex'))
    const reset = connect(port, '127.0.0.1', () => {
      reset.write(Buffer.from('1603', 'hex'))
      setTimeout(() => reset.resetAndDestroy(), 20)
    })
    await until(() => sockets.length === 2 && sockets.every(({ destroyed }) => destroyed))
    await sleep(20)
    assert.deepEqual(peeked, [])
  })
})

async function pieces(chunk: Buffer, size: number, to: Socket): Promise<void> {
  for (let at = 0; at < chunk.length; at += size) {
    to.write(chunk.subarray(at, at + size))
    // The next one comes by itself.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
