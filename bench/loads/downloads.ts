import { createHash } from 'node:crypto'
import type { RunningRegistry } from '../../test/support/registry-process.ts'
import { Connection, inParallel } from '../connection.ts'
import type { ServedLoad, Surroundings } from '../load.ts'
import { measure } from '../measure.ts'
import { formatBytes, type Sizes } from '../sizes.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte

/** Large blobs, read to the end on bare sockets and counted. */
export function downloadLoads(sizes: Sizes): readonly ServedLoad[] {
  const { middleBlob, hugeBlob, manyBlobs } = sizes
  return [
    {
      ...facts('blob-middle', `GET blob of ${formatBytes(middleBlob)}, one after the other`),
      run: async (server, surroundings) => {
        const blob = { digest: surroundings.seed.middleBlob, size: middleBlob }
        await verify(server, surroundings, blob)
        return await measure(server.pid, async () => {
          const end = performance.now() + surroundings.seconds * 500
          let bytes = 0
          await inParallel(server.port, 1, [blob], async (connection) => {
            do {
              await fetchBlob(connection, surroundings, blob)
              bytes += blob.size
            } while (performance.now() < end)
          })
          return { value: (seconds) => bytes / mebibyte / seconds, work: bytes / gibibyte }
        })
      },
    },
    {
      ...facts('blob-huge', `GET blob of ${formatBytes(hugeBlob)}, one`),
      run: async (server, surroundings) => {
        const blob = { digest: surroundings.seed.hugeBlob, size: hugeBlob }
        await verify(server, surroundings, { digest: surroundings.seed.middleBlob, size: middleBlob })
        return await measure(server.pid, async () => {
          await inParallel(server.port, 1, [blob], (connection) => fetchBlob(connection, surroundings, blob))
          return { value: (seconds) => hugeBlob / mebibyte / seconds, work: hugeBlob / gibibyte }
        })
      },
    },
    {
      ...facts(
        'blob-many',
        `GET ${manyBlobs.count} blobs of ${formatBytes(manyBlobs.size)} at once, three times`,
      ),
      run: async (server, surroundings) => {
        const blobs = surroundings.seed.manyBlobs.map((digest) => ({ digest, size: manyBlobs.size }))
        const bytes = 3 * manyBlobs.count * manyBlobs.size
        await verify(server, surroundings, { digest: surroundings.seed.middleBlob, size: middleBlob })
        return await measure(server.pid, async () => {
          await inParallel(server.port, blobs.length, blobs, async (connection, blob) => {
            for (let time = 0; time < 3; time++) {
              await fetchBlob(connection, surroundings, blob)
            }
          })
          return { value: (seconds) => bytes / mebibyte / seconds, work: bytes / gibibyte }
        })
      },
    },
  ]
}

function facts(id: string, title: string): Omit<ServedLoad, 'run'> {
  return { id, title, family: 'Downloads', unit: 'MiB/s', work: 'GiB', store: 'large' }
}

interface Wanted {
  readonly digest: string
  readonly size: number
}

async function fetchBlob(connection: Connection, { seed }: Surroundings, blob: Wanted): Promise<void> {
  const answer = await connection.expect(200, {
    method: 'GET',
    path: `/v2/${seed.repository}/blobs/${blob.digest}`,
  })
  if (answer.bodyBytes !== blob.size) throw new Error(`${answer.bodyBytes} bytes instead of ${blob.size}`)
}

/** Reads one blob and hashes it: a server that sends wrong bytes quickly has not won. */
async function verify(server: RunningRegistry, { seed }: Surroundings, blob: Wanted): Promise<void> {
  const connection = await Connection.open(server.port)
  try {
    const { body } = await connection.expect(200, {
      method: 'GET',
      path: `/v2/${seed.repository}/blobs/${blob.digest}`,
      keepBody: true,
    })
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
    if (digest !== blob.digest) throw new Error(`content of ${digest} instead of ${blob.digest}`)
  } finally {
    connection.close()
  }
}
