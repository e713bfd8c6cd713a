import { connect, createServer, type Socket } from 'node:net'
import type { Cleaner } from './at-exit.ts'

/** A TCP proxy on loopback that counts what passes and breaks connections at will, as bad networks do. */
export interface TcpProxy {
  readonly host: string
  readonly url: string
  /** Bytes from clients so far. */
  readonly received: number
  /** Calls `action` once, when that many more bytes have come from clients. */
  whenReceived(bytes: number, action: () => void): void
  /** Resets every open connection, on both sides. */
  cut(): void
  close(): Promise<void>
}

export async function startTcpProxy(targetPort: number, test?: Cleaner): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let received = 0
  let watch: { readonly at: number; readonly action: () => void } | undefined

  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {}) // A reset is what this is for.
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    keep(client)
    keep(target)
    client.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (watch && received >= watch.at) {
        const { action } = watch
        watch = undefined
        action()
      }
    })
    client.pipe(target)
    target.pipe(client)
    client.on('close', () => target.destroy())
    target.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
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
      return received
    },
    whenReceived: (bytes, action) => {
      watch = { at: received + bytes, action }
    },
    cut,
    close,
  }
}
