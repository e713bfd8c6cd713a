import { createConnection } from 'node:net'
import type { Repeated } from './wrk.ts'

/**
 * What `wrk` is for GET, for HEAD: wrk 4 waits for the body that Content-Length promises, which never comes. Each answer
 * is one piece that begins with the good status and ends with a blank line; anything else is an error.
 */
export async function hammerHead(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  connections: number,
  seconds: number,
): Promise<Repeated> {
  const fields = Object.entries({ Host: `127.0.0.1:${port}`, ...headers })
  const request = Buffer.from(
    `HEAD ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  )
  const start = performance.now()
  const end = start + seconds * 1000
  let requests = 0
  await Promise.all(
    Array.from({ length: connections }, () =>
      repeat(port, request, () => {
        requests += 1
        return performance.now() < end
      }),
    ),
  )
  return { requests, seconds: (performance.now() - start) / 1000 }
}

async function repeat(port: number, request: Buffer, goOn: () => boolean): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let before = ''
    const socket = createConnection({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(16_384),
        callback: (size, buffer) => {
          const answer = before + (buffer as Buffer).toString('latin1', 0, size)
          before = ''
          if (!answer.endsWith('\r\n\r\n')) {
            before = answer
          } else if (!answer.startsWith('HTTP/1.1 200 ')) {
            socket.destroy()
            reject(new Error(`HEAD: ${answer.split('\r\n', 1).join()}`))
          } else if (goOn()) {
            socket.write(request)
          } else {
            socket.destroy()
            resolve()
          }
          return true
        },
      },
    })
    socket.on('connect', () => socket.write(request))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
  })
}
