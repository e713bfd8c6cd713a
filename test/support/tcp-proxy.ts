import { connect, createServer, type Socket } from 'node:net'
import type { Cleaner } from './at-exit.ts'

/** A TCP proxy on loopback that counts what passes and breaks connections at will, as bad networks do. */
export interface TcpProxy {
  readonly host: string
  readonly url: string
  /** Bytes from clients so far. */
  readonly received: number
  /** Bytes to clients so far. */
  readonly sent: number
  /** Calls `action` once, when that many more bytes have come from clients. */
  whenReceived(bytes: number, action: () => void): void
  /** The same for bytes to clients. */
  whenSent(bytes: number, action: () => void): void
  /** Resets every open connection, on both sides. */
  cut(): void
  close(): Promise<void>
}

export async function startTcpProxy(targetPort: number, test?: Cleaner): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const received = new Counter()
  const sent = new Counter()

  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.unref()
    socket.on('error', () => {}) // A reset is what this is for.
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    keep(client)
    keep(target)
    client.on('data', (chunk: Buffer) => {
      received.add(chunk.length)
    })
    target.on('data', (chunk: Buffer) => {
      sent.add(chunk.length)
    })
    client.pipe(target)
    target.pipe(client)
    client.on('close', () => target.destroy())
    target.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // It must not keep a test process alive that failed before it closed it.
  server.unref()
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
    })
    for (const socket of sockets) socket.destroy()
    await closed
  }
  test?.after(close)
  return {
    host: `127.0.0.1:${address.port}`,
    url: `http://127.0.0.1:${address.port}`,
    get received() {
      return received.value
    },
    get sent() {
      return sent.value
    },
    whenReceived: (bytes, action) => {
      received.watch(bytes, action)
    },
    whenSent: (bytes, action) => {
      sent.watch(bytes, action)
    },
    cut,
    close,
  }
}

/** Counts, and acts once when a count is reached. */
class Counter {
  value = 0
  #at = Infinity
  #action: (() => void) | undefined

  watch(bytes: number, action: () => void): void {
    this.#at = this.value + bytes
    this.#action = action
  }

  add(bytes: number): void {
    this.value += bytes
    if (this.value < this.#at) return
    this.#at = Infinity
    this.#action?.()
  }
}
