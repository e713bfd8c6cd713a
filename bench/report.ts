import { barsTable } from './report-bars.ts'
import { Aggregate } from './aggregate.ts'
import type { Load } from './load.ts'
import { table, formatNumber, formatSummary, type Column } from './markdown.ts'
import type { MediumName } from './media.ts'
import { slowSeconds } from './loads/tls.ts'
import type { Results } from './results.ts'

const media: readonly MediumName[] = ['disk', 'tmpfs', 's3']

const mediumTitles = { disk: 'on disk', tmpfs: 'on tmpfs', s3: 'on S3' } as const

/** Writes the report from the figures. */
export function renderReport(results: Results, loads: readonly Load[]): string {
  const aggregate = new Aggregate(results, loads)
  const measured = loads.filter((load) => results.samples.some((sample) => sample.load === load.id))
  const families = [...new Set(measured.map(({ family }) => family))]
  return [
    '# Berth beside Distribution',
    'Written by `npm run bench`, which measures anew; what is said here is not edited by hand.',
    ...setup(results),
    '## Bars',
    'What Berth on Node 24 is to reach, as a ratio to Distribution 3 of the same run, or to the one that is named: above 1 is in favour of Berth. Memory and the start are limits.',
    barsTable(aggregate, measured),
    '## Rates and times',
    `Median (least–most) of ${results.rounds} ${results.rounds === 1 ? 'round' : 'rounds'}. The last two columns are the ratio of Berth on Node 24 to each Distribution: above 1, Berth is the quicker or the smaller.`,
    ...families.flatMap((family) => familyTables(aggregate, measured, family, 'value')),
    '## CPU time of the server',
    'User and system time of all threads of the server, median (least–most), for each unit of work. It is steadier than a rate on a shared machine, and the figure to compare where the disk or the load program is the limit.',
    ...families.flatMap((family) => familyTables(aggregate, measured, family, 'cpu')),
    '## Besides',
    besides(aggregate, measured),
    '## CPU time of the load programs',
    'In % of one core while the load ran, median (least–most): far from 100, it is not the load program that is measured.',
    clientTable(aggregate, measured),
    ...failures(results),
    '## How it is measured',
    method,
    '',
  ].join('\n\n')
}

function setup({ machine, ...results }: Results): string[] {
  const busy = busyness(results.samples)
  const lines = [
    `- ${results.date}, \`${results.command}\`, ${formatNumber(results.minutes)} minutes`,
    `- ${results.contenders.map(({ title, version }) => `${title}: ${version}`).join('; ')}`,
    `- ${machine.cores} cores of ${machine.processor}, ${machine.memoryGibibytes} GiB, ${machine.kernel}, ${machine.system}`,
    `- load programs: wrk ${machine.wrk}, ${machine.go === undefined ? '' : `Go ${machine.go} (TLS), `}the rest on Node ${machine.clientNode}; load average before: ${machine.busyBefore}`,
    `- while loads ran, other programs took ${formatNumber(busy.median * 100)} % of the machine (median), ${formatNumber(busy.most * 100)} % at worst`,
    ...(results.scale === 1
      ? []
      : [`- **sizes and counts times ${results.scale}**: a try, not a measurement`]),
    ...results.notes.map((note) => `- ${note}`),
  ]
  return [lines.join('\n')]

  function busyness(samples: Results['samples']): { median: number; most: number } {
    const shares = samples
      .flatMap(({ figure }) => (figure && figure.seconds > 0.5 ? [figure] : []))
      .map(({ otherCpuSeconds, seconds }) => otherCpuSeconds / seconds / machine.cores)
      .toSorted((a, b) => a - b)
    return { median: shares[Math.floor(shares.length / 2)] ?? 0, most: shares.at(-1) ?? 0 }
  }
}

function familyTables(
  aggregate: Aggregate,
  loads: readonly Load[],
  family: string,
  what: 'value' | 'cpu',
): string[] {
  const { contenders } = aggregate.results
  const rows = loads.filter(
    (load) => load.family === family && (what === 'value' || load.id !== 'memory-idle'),
  )
  return media.flatMap((medium) => {
    const here = rows.filter((load) => aggregate.has(load.id, medium))
    if (here.length === 0) return []
    const columns: Column<Load>[] = [
      { title: 'load', cell: (load) => load.title },
      { title: 'unit', cell: (load) => (what === 'value' ? load.unit : aggregate.cpuUnit(load)) },
      ...contenders.map(({ id, title }) => ({
        title,
        right: true,
        cell: (load: Load) =>
          aggregate.failure(load.id, medium, id)
            ? 'failed'
            : formatSummary(aggregate[what](load.id, medium, id)),
      })),
      ...(['distribution3', 'distribution2'] as const)
        .filter((id) => contenders.some((contender) => contender.id === id))
        .map((id) => ({
          title: id === 'distribution3' ? 'to 3' : 'to 2.8',
          right: true,
          cell: (load: Load) => formatNumber(aggregate.ratio(load, medium, id, what)),
        })),
    ]
    return [`### ${family}, ${mediumTitles[medium]}`, table(columns, here)]
  })
}

/** Figures that some loads give besides: of first answers, of the commit of a chunked upload. */
function besides(aggregate: Aggregate, loads: readonly Load[]): string {
  const rows = loads.flatMap((load) =>
    media.flatMap((medium) => aggregate.extraNames(load.id, medium).map((name) => ({ load, medium, name }))),
  )
  return table(
    [
      { title: 'load', cell: ({ load }) => load.title },
      { title: 'on', cell: ({ medium }) => medium },
      { title: 'figure', cell: ({ name }) => name },
      ...aggregate.results.contenders.map(({ id, title }) => ({
        title,
        right: true,
        cell: ({ load, medium, name }: (typeof rows)[number]) =>
          formatSummary(aggregate.extra(load.id, medium, id, name)),
      })),
    ],
    rows,
  )
}

function clientTable(aggregate: Aggregate, loads: readonly Load[]): string {
  const rows = loads
    .filter(({ store, work }) => store !== 'empty' || work === 'GiB')
    .flatMap((load) =>
      media.filter((medium) => aggregate.has(load.id, medium)).map((medium) => ({ load, medium })),
    )
  return table(
    [
      { title: 'load', cell: ({ load }) => load.title },
      { title: 'on', cell: ({ medium }) => medium },
      ...aggregate.results.contenders.map(({ id, title }) => ({
        title,
        right: true,
        cell: ({ load, medium }: (typeof rows)[number]) =>
          formatSummary(aggregate.clientShare(load.id, medium, id)),
      })),
    ],
    rows,
  )
}

function failures({ samples }: Results): string[] {
  const failed = samples.filter(({ error }) => error !== undefined)
  if (failed.length === 0) return []
  const lines = failed.map(
    ({ load, medium, contender, round, error }) =>
      `- ${load} on ${medium}, ${contender}, round ${round}: ${(error ?? '').replaceAll(/\s+/g, ' ')}`,
  )
  return ['## Failures', 'A load with any answer that is not the right one is void.', lines.join('\n')]
}

const method = `- Every server gets the same configuration file: access log off, log level \`error\`, delete disabled, upload purging off, descriptors cached in memory as in the configuration of Distribution's image (Berth takes the key and has caches of its own), on loopback, plain HTTP but for the loads over TLS. One process each, with its own defaults for the rest. Distribution 3 runs without its exporter of traces.
- In each round, on each medium, all servers are started; then each load runs on one after the other (A B C D), while the others idle. Loads that read are served from one folder that all servers share, written straight to disk in Distribution's layout and in the page cache; loads that push get a folder of the server's own, from which the large files are removed after each load, and on disk all is flushed before the next one.
- The clock and the CPU counters run for the load alone: hashing, a short warm-up with the same requests, and the check of what is served come before. CPU time is \`utime + stime\` of /proc/PID/stat, in steps of 10 ms.
- \`GET\` of small things: wrk, one thread, 32 connections. \`HEAD\`: 32 bare sockets on Node in the same manner, because wrk 4 waits for a body after HEAD. Large blobs: bare sockets that read into one buffer and count; one blob per run and server is hashed.
- Pushes: bare sockets. POST, one PATCH in chunked encoding with chunks of 32 KiB as Docker's client (Go) sends them, PUT with the digest. Each blob is new to the server: random content with a tail of its own. The image: HEAD, POST, PATCH and PUT for each layer and the configuration, then the manifest by tag; three images in a row, the time is that of one. Chunks: PATCH with Content-Length and Content-Range, one after the other; the folder's size is watched while PUT commits.
- S3: Debian's radosgw with one monitor and one store in memory, on the same machine, reached by path style over plain HTTP; redirects are off, so that all bytes pass through the registry. Ceph's processes and the load program share the cores with the registry, for all servers alike.
- Listings: one connection, one request after the other. Distribution 2.8 knows no pages of tags and answers with all of them, so its first page is the whole list. All tags: asked without \`n\`, which each server answers with all. Of the repositories nine tenths lie in one folder and the last tenth in folders of a hundred, so that the first page is of the one kind and the last page of the other. What takes more than 4 s is measured once. The first of all is the first listing of that kind on a fresh process.
- Access: servers of their own, with one user in a password file, or with the certificate of a token server; wrk with 8 connections, for a server that compares the password each time answers 32 of them too late for wrk. Each request brings the same password, or the same token, signed by a key that the server knows by its id.
- TLS: servers of their own with the same certificate (ECDSA P-256), HTTP/2 on, and nothing else set. Small requests: wrk, which speaks HTTP/1.1. The rest: a program in Go (bench/client), with Go's own HTTP client as Docker has it, TLS 1.3 and X25519; it checks the certificate, resumes no session, and fails when the answer comes by another protocol than it asked for. It hashes before the clock starts. A blob of 1 GiB is one stream; pushes are POST, one PATCH of unknown length, PUT. Delay: toxiproxy between client and server, half of it each way; it copies every byte, its CPU time counts as the load program's, and what takes more than ${slowSeconds} s is measured once. TCP on loopback knows nothing of that delay, so that it is the windows of HTTP/2 that are measured, not TCP's.
- Start over TLS: with TLS, the health check of the storage and one of a file, the debug listener with metrics, purging of uploads, access log and a log level of \`info\`, to the 200 on \`/v2/\`, connected to anew every millisecond. Memory over TLS: as without; over 32 connections it is 32 clients, over one connection one client.
- Start: from the start of the process to the 200 on \`/v2/\`, asked every millisecond, on an empty store. Memory: VmRSS, and VmHWM of a fresh process with all pushes under way at once.`
