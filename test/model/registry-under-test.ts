import { once } from 'node:events'
import { Agent, createServer, request as startRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHandler, type Handler } from '../../src/http/handler.ts'
import { defaultHttpSettings } from '../../src/http/settings.ts'
import type { StorageDriver } from '../../src/storage/driver.ts'
import { createStoredRegistry } from '../../src/stored/stored-registry.ts'
import type { ModelAnswer, ModelRequest } from './answer.ts'

/** A registry in this process behind a real socket. */
export interface RegistryUnderTest {
  /** `Location` comes without scheme and host. */
  send(request: ModelRequest): Promise<ModelAnswer>
  /** Forgets all but the store, or changes to another one. */
  restart(driver?: StorageDriver): void
  /** What was logged as a bug since the last call. */
  unexpected(): readonly string[]
  close(): Promise<void>
}

function ignore(): void {}

export async function startRegistryUnderTest(driver: StorageDriver): Promise<RegistryUnderTest> {
  const bugs: string[] = []
  const log = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields: object, message: string) => {
      bugs.push(`${message}: ${'err' in fields ? String((fields.err as Error | undefined)?.stack) : ''}`)
    },
  }
  let store = driver
  const make = (): Handler =>
    createHandler({ registry: createStoredRegistry(store), settings: defaultHttpSettings, logOf: () => log })
  let handler = make()
  const server = createServer((request, response) => handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    send: (request) => send(origin, agent, request),
    restart(other) {
      store = other ?? store
      handler = make()
    },
    unexpected: () => bugs.splice(0),
    async close() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function send(
  origin: string,
  agent: Agent,
  { method, path, headers, body, chunked }: ModelRequest,
): Promise<ModelAnswer> {
  const framing: Record<string, string> = {}
  if (body !== undefined && chunked === true) framing['Transfer-Encoding'] = 'chunked'
  else if (body !== undefined) framing['Content-Length'] = String(body.length)
  else if (method !== 'GET' && method !== 'HEAD') framing['Content-Length'] = '0'
  return await new Promise((resolve, reject) => {
    const request = startRequest(origin + path, { method, headers: { ...headers, ...framing }, agent })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { location } = response.headers
        resolve({
          status: response.statusCode ?? 0,
          headers: {
            ...response.headers,
            ...(location !== undefined && { location: location.replace(origin, '') }),
          },
          body: Buffer.concat(chunks),
        })
      })
    })
    request.end(body)
  })
}
