import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { freePort } from '../../test/support/free-port.ts'
import type { Serving } from '../contenders.ts'
import { GoClient } from '../go-client.ts'
import type { ProcessLoad } from '../load.ts'
import { measure } from '../measure.ts'
import { cpuSeconds, residentMebibytes } from '../process-usage.ts'
import { formatBytes, type Sizes } from '../sizes.ts'

const gibibyte = 1024 ** 3

/** The process itself, when it serves TLS. */
export function tlsProcessLoads({ pushHeld }: Sizes): readonly ProcessLoad[] {
  const { count } = pushHeld
  return [
    start,
    memoryWithPushes(pushHeld, { id: 'tls-memory-pushes-h1', protocol: 1, connections: count }),
    memoryWithPushes(pushHeld, { id: 'tls-memory-pushes-h2', protocol: 2, connections: count }),
    memoryWithPushes(pushHeld, { id: 'tls-memory-pushes-h2-one', protocol: 2, connections: 1 }),
  ]
}

const start: ProcessLoad = {
  id: 'tls-start',
  title: 'start to first answer over TLS, with health checks, debug listener, metrics and access log',
  family: 'TLS',
  unit: 'ms',
  work: 'start',
  store: 'empty',
  run: async (root, { contender, tls }) => {
    const port = await freePort()
    const config = fullConfig(root, await freePort())
    const authority = readFileSync(tls.authority)
    // So that this process has its TLS ready.
    await answers(port, authority)
    const begin = performance.now()
    const starting = contender.start(root, { port, tls, config })
    starting.catch(() => {})
    const milliseconds = await firstAnswer(port, authority, starting).then(() => performance.now() - begin)
    const server = await starting
    const serverCpuSeconds = cpuSeconds(server.pid)
    await server.stop()
    const seconds = milliseconds / 1000
    return {
      value: milliseconds,
      work: 1,
      serverCpuSeconds,
      clientCpuSeconds: 0,
      otherCpuSeconds: 0,
      seconds,
    }
  },
}

/** What an operator turns on, of what every server knows. */
function fullConfig(root: string, debugPort: number): NonNullable<Serving['config']> {
  return {
    log: { level: 'info', accesslog: { disabled: false }, fields: { service: 'registry' } },
    storage: {
      filesystem: { rootdirectory: root },
      cache: { blobdescriptor: 'inmemory' },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: true, age: '168h', interval: '24h', dryrun: false } },
    },
    http: {
      headers: { 'X-Content-Type-Options': ['nosniff'] },
      debug: { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true, path: '/metrics' } },
    },
    health: {
      storagedriver: { enabled: true, interval: '10s', threshold: 3 },
      file: [{ file: join(root, 'maintenance'), interval: '10s' }],
    },
  }
}

interface Clients {
  readonly id: string
  readonly protocol: 1 | 2
  readonly connections: number
}

function memoryWithPushes({ count, size }: Sizes['pushHeld'], clients: Clients): ProcessLoad {
  const { id, protocol, connections } = clients
  const how = `HTTP/${protocol === 1 ? '1.1' : '2'} over ${connections === 1 ? 'one connection' : `${connections} connections`}`
  return {
    id,
    title: `peak of resident memory, ${count} pushes of ${formatBytes(size)} at once over TLS, ${how}`,
    family: 'TLS',
    unit: 'MiB',
    work: 'GiB',
    store: 'empty',
    run: async (root, { contender, tls }) => {
      const server = await contender.start(root, { tls })
      try {
        const client = await GoClient.prepare('push', {
          url: server.url,
          authority: tls.authority,
          http: protocol,
          repository: 'bench/pushed',
          size,
          count,
          connections,
        })
        try {
          return await measure(server.pid, async () => {
            const { cpuSeconds: clientCpuSeconds } = await client.run()
            const peak = residentMebibytes(server.pid, 'peak')
            return { value: () => peak, work: (count * size) / gibibyte, clientCpuSeconds }
          })
        } finally {
          client.stop()
        }
      } finally {
        await server.stop()
      }
    },
  }
}

/** Asks every millisecond or so, until the server answers or its start has failed. */
async function firstAnswer(port: number, authority: Buffer, starting: Promise<unknown>): Promise<void> {
  const failure = starting.then(
    () => new Promise<never>(() => {}),
    (error: unknown) => Promise.reject(error as Error),
  )
  while (!(await Promise.race([answers(port, authority), failure]))) await Promise.race([delay(1), failure])
}

async function answers(port: number, ca: Buffer): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca })
    socket.on('secureConnect', () => socket.write(`GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`))
    socket.on('data', (chunk) => {
      socket.destroy()
      resolve(chunk.toString('latin1').startsWith('HTTP/1.1 200 '))
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}
