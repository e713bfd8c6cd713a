import { delayedWay } from '../../test/fronts/delayed-way.ts'
import type { RunningRegistry } from '../../test/support/registry-process.ts'
import { GoClient } from '../go-client.ts'
import { acceptHeaders } from '../image.ts'
import type { Figure, ServedLoad, Surroundings } from '../load.ts'
import { measure } from '../measure.ts'
import { cpuSeconds } from '../process-usage.ts'
import { formatBytes, type Sizes } from '../sizes.ts'
import { wrk } from '../wrk.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
const connections = 32
const handshakesAtOnce = 8
/** A transfer that takes longer is not repeated. */
export const slowSeconds = 15

/** Milliseconds there and back. */
const ways = [0, 20] as const
const protocols = [1, 2] as const

/** Connections, small requests, and large blobs, over TLS. */
export function tlsLoads(sizes: Sizes): readonly ServedLoad[] {
  return [
    handshakes,
    manifests('digest', ({ seed }) => seed.manifest),
    manifests('tag', ({ seed }) => seed.tag),
    ...protocols.flatMap((protocol) =>
      ways.flatMap((delay) => [
        transfer('pull', protocol, delay, sizes.hugeBlob),
        transfer('push', protocol, delay, sizes.hugeBlob),
      ]),
    ),
  ]
}

const handshakes: ServedLoad = {
  id: 'tls-handshakes',
  title: `full TLS 1.3 handshakes, ${handshakesAtOnce} at a time`,
  family: 'TLS',
  unit: 'handshakes/s',
  work: 'handshake',
  store: 'image',
  tls: true,
  run: async (server, { tls, seconds }) => {
    const { authority } = tls
    const client = await GoClient.prepare('handshakes', {
      url: server.url,
      authority,
      connections: handshakesAtOnce,
      seconds,
    })
    return await measureGo(server, client, (done, took) => ({ value: done / took, work: done }))
  },
}

function manifests(by: 'digest' | 'tag', referenceIn: (surroundings: Surroundings) => string): ServedLoad {
  return {
    id: `tls-manifest-by-${by}`,
    title: `GET manifest by ${by}, over ${connections} TLS connections`,
    family: 'TLS',
    unit: 'requests/s',
    work: 'request',
    store: 'image',
    tls: true,
    run: async (server, surroundings) => {
      const path = `/v2/${surroundings.seed.repository}/manifests/${referenceIn(surroundings)}`
      const repeat = (seconds: number) => wrk(`${server.url}${path}`, acceptHeaders, connections, seconds)
      await repeat(1)
      return await measure(server.pid, async () => {
        const { requests, seconds } = await repeat(surroundings.seconds)
        return { value: () => requests / seconds, work: requests }
      })
    },
  }
}

function transfer(what: 'push' | 'pull', protocol: 1 | 2, delay: number, size: number): ServedLoad {
  const name = protocol === 1 ? 'HTTP/1.1' : 'HTTP/2'
  return {
    id: `tls-${what}-h${protocol}${delay === 0 ? '' : `-${delay}ms`}`,
    title: `${what} of ${formatBytes(size)} over TLS, ${name}, ${delay} ms`,
    family: 'TLS',
    unit: 'MiB/s',
    work: 'GiB',
    store: what === 'pull' ? 'large' : 'own',
    tls: true,
    onceAbove: slowSeconds,
    run: async (server, { tls, seed }) => {
      const blobPath = (digest: string): string => `/v2/${seed.repository}/blobs/${digest}`
      const way = delay === 0 ? undefined : await delayedWay(server.port, delay)
      try {
        const client = await GoClient.prepare(what, {
          url: `https://127.0.0.1:${way?.port ?? server.port}`,
          authority: tls.authority,
          http: protocol,
          size,
          ...(what === 'push'
            ? { repository: 'bench/pushed' }
            : { path: blobPath(seed.hugeBlob), checked: blobPath(seed.middleBlob) }),
        })
        const figure = (done: number, took: number) => ({
          value: done / mebibyte / took,
          work: done / gibibyte,
        })
        return await measureGo(server, client, figure, way?.pid)
      } finally {
        await way?.stop()
      }
    },
  }
}

/** Measures the run of a Go client, and of the program on the way, if there is one. */
async function measureGo(
  server: RunningRegistry,
  client: GoClient,
  figure: (done: number, seconds: number) => { value: number; work: number },
  wayPid?: number,
): Promise<Figure> {
  try {
    return await measure(server.pid, async () => {
      const before = wayPid === undefined ? 0 : cpuSeconds(wayPid)
      const { done, seconds, cpuSeconds: own } = await client.run()
      const onTheWay = wayPid === undefined ? 0 : cpuSeconds(wayPid) - before
      const { value, work } = figure(done, seconds)
      return { value: () => value, work, clientCpuSeconds: own + onTheWay }
    })
  } finally {
    client.stop()
  }
}
