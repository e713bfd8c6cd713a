import { Listener } from '../../src/server/listener.ts'
import type { TlsListenerOptions } from '../../src/server/listener-options.ts'
import type { Cleaner } from '../support/at-exit.ts'

/** Berth's listener with a handler that answers everything with 200 and remembers what was asked. */
export interface TestServer {
  readonly listener: Listener
  readonly port: number
  /** The protocol, method and URL of each request that reached the handler. */
  readonly requests: readonly string[]
}

export async function startServer(tls: TlsListenerOptions, test: Cleaner): Promise<TestServer> {
  const requests: string[] = []
  const listener = new Listener(
    ({ httpVersion, method, url }, response) => {
      requests.push(`HTTP/${httpVersion} ${method} ${url}`)
      response.end('hello\n')
    },
    { address: '127.0.0.1:0', net: 'tcp', tls },
  )
  const address = await listener.start()
  test.after(async () => {
    await listener.stop(0)
  })
  return { listener, port: Number(address.slice(address.lastIndexOf(':') + 1)), requests }
}
