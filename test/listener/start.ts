import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Listener, type ListenerOptions } from '../../src/server/listener.ts'
import type { Cleaner } from '../support/at-exit.ts'

export interface Started {
  readonly listener: Listener
  readonly port: number
}

/** The listener alone, with a handler that answers `HTTP/1.1 GET /path` and the like; `/slow` after 300 ms. */
export async function startListener(test: Cleaner, options: Partial<ListenerOptions> = {}): Promise<Started> {
  const listener = new Listener(answer, { address: '127.0.0.1:0', net: 'tcp', ...options })
  const address = await listener.start()
  test.after(async () => {
    await listener.stop(0)
  })
  return { listener, port: Number(address.slice(address.lastIndexOf(':') + 1)) }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { httpVersion, method, url = '' } = request
  const body = Buffer.from(`HTTP/${httpVersion} ${method} ${url}`)
  const send = (): void => {
    response.writeHead(200, { 'Content-Length': String(body.length) })
    response.end(body)
  }
  request.resume()
  if (url === '/slow') void delay(300).then(send)
  else send()
}
