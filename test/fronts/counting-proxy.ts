import { connect, createServer, type Socket } from 'node:net'
import type { Cleaner } from '../support/at-exit.ts'

/** Stands between a front and a registry, and counts the connections. */
export interface CountingProxy {
  /** HOST:PORT */
  readonly at: string
  readonly connections: number
  readonly open: number
}

export async function startCountingProxy(target: string, test: Cleaner): Promise<CountingProxy> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections += 1
    const registry = connect(Number(target.split(':')[1]), '127.0.0.1')
    sockets.add(client)
    client.pipe(registry)
    registry.pipe(client)
    for (const [one, other] of [
      [client, registry],
      [registry, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    client.on('close', () => sockets.delete(client))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    at: `127.0.0.1:${address.port}`,
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
  }
}
