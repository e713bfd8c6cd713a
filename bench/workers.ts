import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { node24, startRegistry, type RunningRegistry } from '../test/support/registry-process.ts'
import { repositoryRoot } from '../test/support/require-program.ts'
import { run } from '../test/support/run.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { Connection, inParallel } from './connection.ts'
import type { Figure } from './load.ts'
import { describeMachine, type Machine } from './machine.ts'
import { formatNumber, formatSummary, table } from './markdown.ts'
import { measure } from './measure.ts'
import { PayloadFactory } from './payload.ts'
import { proportionalMebibytes } from './process-usage.ts'
import { pushBlob } from './push.ts'
import { formatBytes } from './sizes.ts'
import { summarise } from './statistics.ts'
import { wrk } from './wrk.ts'

/** `node build/bench/workers.js`: measures what further processes bring and cost, and writes the report. */

const mebibyte = 1024 * 1024
const repository = 'bench/workers'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const connections = 16
const blobSizes = [64 * 1024, mebibyte, 16 * mebibyte]
const pushes = { count: 32, size: 64 * mebibyte }
/** What two workers are to reach, as a ratio to one. */
const bar = 1.6
/** Cores. */
const mostOthers = 0.05
const mostAttempts = 10
/** Seconds. */
const warmUp = 6
/** MiB for each further worker. */
const memoryBar = 100

interface Target {
  readonly title: string
  readonly path: string
  readonly unit: string
  /** Units in one answer. */
  readonly work: number
}

/** Of one number of workers. */
interface Figures {
  readonly rates: Map<string, Figure[]>
  readonly idle: number[]
  readonly peak: number[]
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      out: { type: 'string', default: join(repositoryRoot, 'bench', 'REPORT-WORKERS.md') },
    },
  })
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
  const machine = describeMachine()
  const folder = temporaryFolder()
  const counts = [1, 2, 3]
  const figures = new Map(
    counts.map((count): [number, Figures] => [count, { rates: new Map(), idle: [], peak: [] }]),
  )
  try {
    const root = join(folder.path, 'root')
    mkdirSync(root)
    const targets = await seed(root)
    for (let round = 1; round <= rounds; round++) {
      for (const [count, into] of figures) {
        process.stderr.write(`round ${round}, workers: ${count}\n`)
        if (count < 3) await measureRates(root, count, targets, seconds, into)
        await measureMemory(join(folder.path, `pushed-${round}-${count}`), count, into)
      }
      const command = `node build/bench/workers.js${args.length === 0 ? '' : ` ${args.join(' ')}`}`
      writeFileSync(values.out, render(machine, command, rounds, targets, figures))
    }
  } finally {
    await folder.remove()
  }
  await run(join(repositoryRoot, 'node_modules', '.bin', 'oxfmt'), [values.out], { mayFail: true })
}

async function start(root: string, workers: number): Promise<RunningRegistry> {
  return await startRegistry({
    kind: 'berth',
    root,
    nodeBinary: node24,
    config: { workers, log: { level: 'warn', accesslog: { disabled: true } } },
  })
}

/** @returns what is then asked for */
async function seed(root: string): Promise<readonly Target[]> {
  const payloads = new PayloadFactory()
  const server = await start(root, 1)
  const connection = await Connection.open(server.port)
  try {
    const blobs = blobSizes.map((size) => payloads.make(size))
    for (const blob of blobs) await pushBlob(connection, repository, blob)
    const descriptor = ({ digest, size }: (typeof blobs)[number]): object => ({
      mediaType: 'application/octet-stream',
      digest,
      size,
    })
    const [config, ...layers] = blobs.map(descriptor)
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers }),
    )
    await connection.expect(201, {
      method: 'PUT',
      path: `/v2/${repository}/manifests/latest`,
      headers: { 'Content-Type': manifestType, 'Content-Length': String(manifest.length) },
      body: [manifest],
    })
    return [
      { title: 'manifest by tag', path: `/v2/${repository}/manifests/latest`, unit: 'requests/s', work: 1 },
      ...blobs.map(({ digest, size }) => ({
        title: `blob of ${formatBytes(size)}`,
        path: `/v2/${repository}/blobs/${digest}`,
        unit: 'MiB/s',
        work: size / mebibyte,
      })),
    ]
  } finally {
    connection.close()
    await server.stop()
  }
}

async function measureRates(
  root: string,
  workers: number,
  targets: readonly Target[],
  seconds: number,
  { rates }: Figures,
): Promise<void> {
  const server = await start(root, workers)
  try {
    for (const { title, path, work } of targets) {
      const load = async (duration: number): ReturnType<typeof wrk> =>
        await wrk(server.url + path, { Accept: manifestType }, connections, duration)
      // What is compiled, and read from disk, comes once: for each worker, which has but its share of the requests.
      await load(warmUp)
      const figure = await undisturbed(() =>
        measure(server.pid, async () => {
          const done = await load(seconds)
          return { value: () => (done.requests * work) / done.seconds, work: done.requests }
        }),
      )
      rates.set(title, [...(rates.get(title) ?? []), figure])
    }
  } finally {
    await server.stop()
  }
}

/** Measures again while other programs take a share of the cores, for a while. What is left of that is in the report. */
async function undisturbed(take: () => Promise<Figure>): Promise<Figure> {
  let best = await take()
  for (let attempt = 1; attempt < mostAttempts && othersOf(best) > mostOthers; attempt++) {
    await delay(2_000)
    const figure = await take()
    if (othersOf(figure) < othersOf(best)) best = figure
  }
  return best
}

/** Cores that other programs kept busy meanwhile. */
function othersOf({ otherCpuSeconds, seconds }: Figure): number {
  return otherCpuSeconds / seconds
}

async function measureMemory(root: string, workers: number, { idle, peak }: Figures): Promise<void> {
  const payloads = new PayloadFactory()
  const server = await start(root, workers)
  try {
    await delay(1_000)
    idle.push(proportionalMebibytes(server.pid))
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, proportionalMebibytes(server.pid))), 100).unref()
    const blobs = Array.from({ length: pushes.count }, () => payloads.make(pushes.size))
    await inParallel(server.port, pushes.count, blobs, (connection, blob) =>
      pushBlob(connection, repository, blob),
    )
    clearInterval(watch)
    peak.push(most)
  } finally {
    await server.stop()
  }
}

function render(
  machine: Machine,
  command: string,
  rounds: number,
  targets: readonly Target[],
  figures: ReadonlyMap<number, Figures>,
): string {
  const of = (workers: number, title: string): readonly Figure[] =>
    figures.get(workers)?.rates.get(title) ?? []
  const rate = (workers: number, title: string): number =>
    summarise(of(workers, title).map(({ value }) => value))?.median ?? NaN
  /** Processors that were busy with it. */
  const cores = (workers: number, title: string, which: 'server' | 'client'): string => {
    const key = `${which}CpuSeconds` as const
    const busy = of(workers, title).map((figure) => figure[key] / figure.seconds)
    return formatNumber(summarise(busy)?.median)
  }
  const ratio = (title: string): number => rate(2, title) / rate(1, title)
  const memory = (which: 'idle' | 'peak') => (workers: number) =>
    summarise(figures.get(workers)?.[which] ?? [])
  const further = (which: 'idle' | 'peak'): number =>
    (memory(which)(3)?.median ?? NaN) - (memory(which)(2)?.median ?? NaN)
  const columns = [1, 2].map((workers) => ({
    title: `workers: ${workers}`,
    right: true,
    cell: ({ title }: Target) => formatSummary(summarise(of(workers, title).map(({ value }) => value))),
  }))
  const others = [1, 2].flatMap((workers) => targets.flatMap(({ title }) => of(workers, title).map(othersOf)))
  const busy = (which: 'server' | 'client', title: string): string =>
    `${cores(1, title, which)}, ${cores(2, title, which)}`
  const kinds = ['idle', 'peak'] as const
  return `# What further workers bring and cost

Written by \`${command}\`, which measures anew; what is said here is not edited by hand.

- ${machine.cores} cores of ${machine.processor}, ${machine.memoryGibibytes} GiB, ${machine.kernel}, ${machine.system}
- load average before: ${machine.busyBefore}; ${rounds} rounds, the numbers of workers in turn; median (least–most); each load first went on for ${warmUp} s without being measured
- one load program, wrk ${machine.wrk} with one thread and ${connections} connections, on the same cores as the registry; the store is on disk, read by way of the system's cache
- while loads ran, other programs kept ${formatNumber(summarise(others)?.median)} cores busy (median), ${formatNumber(summarise(others)?.most)} at worst

## GET

At least ${bar}x is wanted for manifests and for blobs that are read at once. The last two columns say how many cores the registry and the load program kept busy, with one
worker and with two: where the sum of the second figures is ${machine.cores}, more workers cannot bring more.

${table<Target>(
  [
    { title: 'GET', cell: ({ title }) => title },
    { title: 'unit', cell: ({ unit }) => unit },
    ...columns,
    { title: 'ratio', right: true, cell: ({ title }) => `${formatNumber(ratio(title))}x` },
    { title: '', cell: ({ title }) => (ratio(title) >= bar ? 'met' : '**missed**') },
    { title: 'cores of the registry', right: true, cell: ({ title }) => busy('server', title) },
    { title: 'cores of the load', right: true, cell: ({ title }) => busy('client', title) },
  ],
  targets,
)}

## Memory

Of all processes, in MiB (proportional set size: what several have, such as the program itself, counts once). At most ${memoryBar} MiB is wanted for each further worker.

${table<(typeof kinds)[number]>(
  [
    {
      title: '',
      cell: (which) =>
        which === 'idle'
          ? 'idle, a second after the first answer'
          : `peak, ${pushes.count} pushes of ${formatBytes(pushes.size)} at once`,
    },
    ...[1, 2, 3].map((workers) => ({
      title: `workers: ${workers}`,
      right: true,
      cell: (which: (typeof kinds)[number]) => formatSummary(memory(which)(workers)),
    })),
    { title: 'each further one', right: true, cell: (which) => formatNumber(further(which)) },
    { title: '', cell: (which) => (further(which) <= memoryBar ? 'met' : '**missed**') },
  ],
  kinds,
)}
`
}

await main(process.argv.slice(2))
