import { createServer, type Server } from 'node:net'

// Below the ports that systems give to clients (32768 and up on Linux): no connection takes one before its server is there.
const first = 16_384
/** Ports of one process before it begins anew. The first of them is never given out: it is held for as long as the process lives. */
const slice = 250
const slices = 64

let held: Promise<number> | undefined
let given = 0

/**
 * A port of loopback that is free now. Those of one process are given out in turn, so that nobody gets one that somebody else has and
 * does not listen on yet; and processes that run at once have others, since each holds the door to its own.
 */
export async function freePort(): Promise<number> {
  held ??= holdSlice()
  const start = await held
  for (;;) {
    const port = start + 1 + (given++ % (slice - 1))
    const server = await listen(port)
    if (server === undefined) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/** @returns the first port of a slice that no other process holds; this one does from now on */
async function holdSlice(): Promise<number> {
  for (let attempt = 0; attempt < slices; attempt++) {
    const start = first + ((process.pid + attempt) % slices) * slice
    const server = await listen(start)
    server?.unref()
    if (server !== undefined) return start
  }
  throw new Error('every range of ports is taken by another process')
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server))
  })
}
