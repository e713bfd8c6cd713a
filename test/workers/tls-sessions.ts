import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import type { Cleaner } from '../support/at-exit.ts'

export interface Visit {
  /** To be resumed. */
  readonly session: Buffer
  readonly isReused: boolean
  readonly socket: TLSSocket
}

export interface Visitor {
  readonly port: number
  readonly ca: string | Buffer
  readonly name: string
  readonly version: SecureVersion
}

/** Asks for something, and leaves the connection open: whoever comes next gets another worker. */
export async function visitTls(
  t: Cleaner,
  { port, ca, name, version }: Visitor,
  session?: Buffer,
): Promise<Visit> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: name,
    ca,
    minVersion: version,
    maxVersion: version,
    ...(session && { session }),
  })
  t.after(() => void socket.destroy())
  return await new Promise((resolve, reject) => {
    socket.on('error', reject)
    let given: Buffer | undefined
    // A resumed session of TLS 1.2 comes with no other ticket.
    socket.on('session', (one: Buffer) => (given = one))
    socket.on('secureConnect', () => socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${name}\r\n\r\n`))
    socket.once('data', () => {
      const isReused = socket.isSessionReused()
      const found = given ?? session
      if (found === undefined) reject(new Error('no session was given'))
      else resolve({ session: found, isReused, socket })
    })
  })
}

/** Four connections at a time, of which each begins with what the first one was given. */
export async function reusedSessions(t: Cleaner, visitor: Visitor): Promise<readonly boolean[]> {
  const first = await visitTls(t, visitor)
  const others: Visit[] = []
  for (let count = 0; count < 3; count++) others.push(await visitTls(t, visitor, first.session))
  for (const { socket } of [first, ...others]) socket.destroy()
  return others.map(({ isReused }) => isReused)
}
