import type { RunningRegistry } from '../../test/support/registry-process.ts'
import { inParallel, type WireRequest } from '../connection.ts'
import { hammerHead } from '../head-hammer.ts'
import { acceptHeaders } from '../image.ts'
import type { ServedLoad, Surroundings } from '../load.ts'
import { measure } from '../measure.ts'
import type { Seed } from '../seed.ts'
import { formatBytes, type Sizes } from '../sizes.ts'
import { wrk } from '../wrk.ts'

const connections = 32

/** One small request again and again, over 32 connections. */
export function smallRequestLoads(sizes: Sizes): readonly ServedLoad[] {
  return [
    small('base', '`GET /v2/`', 'GET', () => '/v2/'),
    small('manifest-by-tag', 'GET manifest by tag', 'GET', (seed) => manifest(seed, seed.tag)),
    small('manifest-by-digest', 'GET manifest by digest', 'GET', (seed) => manifest(seed, seed.manifest)),
    small('manifest-by-tag-head', 'HEAD manifest by tag', 'HEAD', (seed) => manifest(seed, seed.tag)),
    small('manifest-by-digest-head', 'HEAD manifest by digest', 'HEAD', (seed) =>
      manifest(seed, seed.manifest),
    ),
    small(
      'blob-tiny',
      `GET blob of ${formatBytes(sizes.tinyBlob)}`,
      'GET',
      (seed) => `/v2/${seed.repository}/blobs/${seed.tinyBlob}`,
    ),
  ]
}

const manifest = (seed: Seed, reference: string): string => `/v2/${seed.repository}/manifests/${reference}`

function small(
  id: string,
  title: string,
  method: 'GET' | 'HEAD',
  pathIn: (seed: Seed) => string,
): ServedLoad {
  return {
    id,
    title,
    family: 'Small requests',
    unit: 'requests/s',
    work: 'request',
    store: 'image',
    run: async (server, surroundings) => {
      const path = pathIn(surroundings.seed)
      await warmUp(server, { method, path, headers: acceptHeaders }, surroundings)
      return await measure(server.pid, async () => {
        const { requests, seconds } =
          method === 'HEAD'
            ? await hammerHead(server.port, path, acceptHeaders, connections, surroundings.seconds)
            : await wrk(`${server.url}${path}`, acceptHeaders, connections, surroundings.seconds)
        return { value: () => requests / seconds, work: requests }
      })
    },
  }
}

/** Lets compilers and caches settle, and sees that each answer is a good one. */
async function warmUp(
  server: RunningRegistry,
  request: WireRequest,
  surroundings: Surroundings,
): Promise<void> {
  const end = performance.now() + surroundings.seconds * 250
  await inParallel(server.port, connections, Array.from({ length: connections }), async (connection) => {
    do {
      await connection.expect(200, request)
    } while (performance.now() < end)
  })
}
