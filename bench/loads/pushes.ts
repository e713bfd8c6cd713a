import { Connection, inParallel } from '../connection.ts'
import { DiskWatch } from '../disk-watch.ts'
import { makeImage, manifestType } from '../image.ts'
import type { ServedLoad } from '../load.ts'
import { measure } from '../measure.ts'
import { commit, pushBlob, pushManifest, pushNewBlob, sendInChunks } from '../push.ts'
import { formatBytes, formatCount, type Sizes } from '../sizes.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
const repository = 'bench/pushed'
const dockerConcurrency = 5
const images = 3

/** Pushes of content that the server has not seen. All are hashed before the clock starts. */
export function pushLoads(sizes: Sizes): readonly ServedLoad[] {
  return [
    pushHuge(sizes),
    pushAtTen('push-middle', sizes.pushMiddle),
    pushAtTen('push-tiny', sizes.pushTiny),
    pushImages(sizes),
    pushInChunks(sizes),
  ]
}

function pushHuge({ hugeBlob }: Sizes): ServedLoad {
  return {
    ...facts('push-huge', `push of ${formatBytes(hugeBlob)} in one stream`),
    unit: 'MiB/s',
    work: 'GiB',
    run: async (server, { payloads }) => {
      const blob = payloads.make(hugeBlob)
      await warmUp(server.port, () => payloads.make(mebibyte))
      return await measure(server.pid, async () => {
        await inParallel(server.port, 1, [blob], (connection) => pushBlob(connection, repository, blob))
        return { value: (seconds) => hugeBlob / mebibyte / seconds, work: hugeBlob / gibibyte }
      })
    },
  }
}

function pushAtTen(id: string, { count, size }: Sizes['pushTiny']): ServedLoad {
  return {
    ...facts(id, `push of ${formatCount(count)} blobs of ${formatBytes(size)}, 10 at a time`),
    unit: 'blobs/s',
    work: 'blob',
    run: async (server, { payloads }) => {
      const blobs = Array.from({ length: count }, () => payloads.make(size))
      await warmUp(server.port, () => payloads.make(size))
      return await measure(server.pid, async () => {
        await inParallel(server.port, 10, blobs, (connection, blob) => pushBlob(connection, repository, blob))
        return { value: (seconds) => count / seconds, work: count }
      })
    },
  }
}

function pushImages({ imageLayers }: Sizes): ServedLoad {
  const total = imageLayers.reduce((sum, size) => sum + size, 0)
  return {
    ...facts(
      'push-image',
      `push of an image of ${imageLayers.length} layers (${formatBytes(Math.min(...imageLayers))} to ` +
        `${formatBytes(Math.max(...imageLayers))}, in all ${formatBytes(total)}), 5 at a time`,
    ),
    unit: 'ms',
    work: 'image',
    run: async (server, { payloads }) => {
      const made = Array.from({ length: images }, () => makeImage(payloads, imageLayers))
      await warmUp(server.port, () => payloads.make(imageLayers[0] ?? mebibyte))
      return await measure(server.pid, async () => {
        for (const { manifest, config, layers } of made) {
          await inParallel(server.port, dockerConcurrency, layers, (connection, layer) =>
            pushNewBlob(connection, repository, layer),
          )
          await inParallel(server.port, 1, [config], async (connection) => {
            await pushNewBlob(connection, repository, config)
            await pushManifest(connection, repository, 'latest', manifestType, manifest)
          })
        }
        return { value: (seconds) => (seconds * 1000) / images, work: images }
      })
    },
  }
}

function pushInChunks({ hugeBlob, uploadChunk }: Sizes): ServedLoad {
  return {
    ...facts('push-chunks', `push of ${formatBytes(hugeBlob)} in chunks of ${formatBytes(uploadChunk)}`),
    unit: 's',
    work: 'GiB',
    // A folder is flushed for each chunk: on a slow disk this takes half a minute.
    onceAbove: 10,
    run: async (server, { payloads, medium }) => {
      const blob = payloads.make(hugeBlob)
      await warmUp(server.port, () => payloads.make(mebibyte))
      medium.settle()
      const watch = medium.name === 's3' ? undefined : await DiskWatch.on(server.root)
      return await measure(server.pid, async () => {
        const connection = await Connection.open(server.port)
        try {
          const start = performance.now()
          const location = await sendInChunks(connection, repository, blob, uploadChunk)
          const sendSeconds = (performance.now() - start) / 1000
          await watch?.start()
          const sent = performance.now()
          await commit(connection, location, blob)
          const commitSeconds = (performance.now() - sent) / 1000
          const most = await watch?.stop()
          return {
            value: () => sendSeconds + commitSeconds,
            work: hugeBlob / gibibyte,
            extras: {
              'commit s': commitSeconds,
              ...(most !== undefined && { 'most on disk, times the blob': most / hugeBlob }),
            },
          }
        } finally {
          connection.close()
        }
      })
    },
  }
}

function facts(id: string, title: string): Pick<ServedLoad, 'id' | 'title' | 'family' | 'store'> {
  return { id, title, family: 'Pushes', store: 'own' }
}

/** A few pushes on which the clock does not run. */
async function warmUp(port: number, make: () => Parameters<typeof pushBlob>[2]): Promise<void> {
  const blobs = Array.from({ length: 40 }, make)
  await inParallel(port, 4, blobs, (connection, blob) => pushBlob(connection, repository, blob))
}
