import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { Connection, inParallel } from '../connection.ts'
import type { Figure, ProcessLoad } from '../load.ts'
import { measure } from '../measure.ts'
import { cpuSeconds, residentMebibytes } from '../process-usage.ts'
import { pushBlob } from '../push.ts'
import { formatBytes, type Sizes } from '../sizes.ts'

const gibibyte = 1024 ** 3
const idleMs = 1000

/** The process itself: how soon it answers, and how much memory it holds. */
export function processLoads(sizes: Sizes): readonly ProcessLoad[] {
  return [start, idleMemory, memoryWithPushes(sizes)]
}

const start: ProcessLoad = {
  id: 'start',
  title: 'start to first answer',
  family: 'Process',
  unit: 'ms',
  work: 'start',
  store: 'empty',
  run: async (root, { contender }) => {
    const port = await freePort()
    const begin = performance.now()
    const starting = contender.start(root, { port })
    starting.catch(() => {})
    const milliseconds = await firstAnswer(port, starting).then(() => performance.now() - begin)
    const server = await starting
    const serverCpuSeconds = cpuSeconds(server.pid)
    await server.stop()
    return figureOf(milliseconds, { serverCpuSeconds, seconds: milliseconds / 1000 })
  },
}

const idleMemory: ProcessLoad = {
  id: 'memory-idle',
  title: 'resident memory, idle, a second after the first answer',
  family: 'Process',
  unit: 'MiB',
  work: 'start',
  store: 'empty',
  run: async (root, { contender }) => {
    const server = await contender.start(root)
    try {
      await delay(idleMs)
      return figureOf(residentMebibytes(server.pid, 'resident'), {
        serverCpuSeconds: cpuSeconds(server.pid),
        seconds: idleMs / 1000,
      })
    } finally {
      await server.stop()
    }
  },
}

function memoryWithPushes({ pushHeld: { count, size } }: Sizes): ProcessLoad {
  return {
    id: 'memory-pushes',
    title: `peak of resident memory, ${count} pushes of ${formatBytes(size)} at once`,
    family: 'Process',
    unit: 'MiB',
    work: 'GiB',
    store: 'empty',
    run: async (root, { contender, payloads }) => {
      const blobs = Array.from({ length: count }, () => payloads.make(size))
      const server = await contender.start(root)
      try {
        return await measure(server.pid, async () => {
          await inParallel(server.port, count, blobs, (connection, blob) =>
            pushBlob(connection, 'bench/pushed', blob),
          )
          const peak = residentMebibytes(server.pid, 'peak')
          return { value: () => peak, work: (count * size) / gibibyte }
        })
      } finally {
        await server.stop()
      }
    },
  }
}

function figureOf(value: number, rest: Pick<Figure, 'serverCpuSeconds' | 'seconds'>): Figure {
  return { value, work: 1, clientCpuSeconds: 0, otherCpuSeconds: 0, ...rest }
}

/** Asks every millisecond or so, until the server answers or its start has failed. */
async function firstAnswer(port: number, starting: Promise<unknown>): Promise<void> {
  const failure = starting.then(
    () => new Promise<never>(() => {}),
    (error: unknown) => Promise.reject(error as Error),
  )
  while (!(await Promise.race([answers(port), failure]))) await Promise.race([delay(1), failure])
}

async function answers(port: number): Promise<boolean> {
  let connection: Connection
  try {
    connection = await Connection.open(port)
  } catch {
    return false
  }
  try {
    return (await connection.exchange({ method: 'GET', path: '/v2/' })).status === 200
  } catch {
    return false
  } finally {
    connection.close()
  }
}
