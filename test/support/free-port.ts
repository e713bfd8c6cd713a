import { createServer } from 'node:net'

// Below the ports that systems give to clients (32768 and up on Linux): no connection takes one before its server is there.
const first = 16_384
const count = 16_000
/** Ports of one process before it begins anew. */
const slice = 500

let given = 0

/**
 * A port of loopback that is free now. Those of one process are given out in turn, so that nobody gets one that somebody else has and
 * does not listen on yet; and processes that run at once have others.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + ((process.pid * slice + (given++ % slice)) % count)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
