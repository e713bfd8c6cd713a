import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { repositoryRoot } from '../test/support/require-program.ts'

export interface Options {
  readonly only: readonly string[] | undefined
  readonly servers: readonly string[] | undefined
  readonly rounds: number
  readonly seconds: number
  readonly scale: number
  readonly dir: string | undefined
  readonly tmpfs: boolean
  /** In a store of objects, instead of on disk. */
  readonly s3: boolean
  readonly tmpfsMebibytes: number
  readonly out: string
  readonly results: string
  readonly merge: boolean
  readonly reportOnly: boolean
  readonly list: boolean
  readonly help: boolean
}

export const usage = `Usage: npm run bench -- [options]

  --only LOAD[,LOAD]    these loads alone (a name ending in * stands for all that begin so; --list names them)
  --servers ID[,ID]     these servers alone: berth, berth-node20, distribution3, distribution2
  --rounds N            how often each load is measured (5)
  --seconds N           how long a load of small requests goes on (2)
  --scale F             smaller sizes for a quick try, such as 0.05 (1)
  --dir FOLDER          a folder on a disk for the stores (a temporary one)
  --no-tmpfs            on disk alone; --tmpfs-size MIB sets the size of the tmpfs (6144)
  --s3                  in Ceph's object store by S3, instead of on disk and tmpfs (writes bench/REPORT-S3.md)
  --out FILE            the report (bench/REPORT.md)
  --results FILE        the figures as JSON (bench/out/results.json)
  --merge               keep the figures of earlier runs for what is not measured now
  --report-only         write the report again from the figures, and measure nothing
  --list                name the loads
`

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      only: { type: 'string' },
      servers: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      scale: { type: 'string', default: '1' },
      dir: { type: 'string' },
      tmpfs: { type: 'boolean', default: true },
      'tmpfs-size': { type: 'string', default: '6144' },
      s3: { type: 'boolean', default: false },
      out: { type: 'string' },
      results: { type: 'string' },
      merge: { type: 'boolean', default: false },
      'report-only': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return {
    only: values.only?.split(','),
    servers: values.servers?.split(','),
    rounds: positive('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    scale: positive('--scale', values.scale),
    dir: values.dir,
    tmpfs: values.tmpfs,
    s3: values.s3,
    tmpfsMebibytes: positive('--tmpfs-size', values['tmpfs-size']),
    out: values.out ?? join(repositoryRoot, 'bench', values.s3 ? 'REPORT-S3.md' : 'REPORT.md'),
    results:
      values.results ?? join(repositoryRoot, 'bench', 'out', values.s3 ? 'results-s3.json' : 'results.json'),
    merge: values.merge,
    reportOnly: values['report-only'],
    list: values.list,
    help: values.help,
  }
}

/** Those of `names` that were asked for. Throws when one that was asked for does not exist. */
export function select<T extends string>(wanted: readonly string[] | undefined, names: readonly T[]): T[] {
  if (wanted === undefined) return [...names]
  for (const pattern of wanted) {
    if (!names.some((name) => matches(pattern, name)))
      throw new Error(`no ${pattern} among ${names.join(', ')}`)
  }
  return names.filter((name) => wanted.some((pattern) => matches(pattern, name)))
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${name}: ${text} is not a positive number`)
  return value
}
