import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { contenders as candidates, type Contender, type ContenderId } from './contenders.ts'
import { allLoads } from './loads/all.ts'
import { describeMachine } from './machine.ts'
import { diskMedium, tmpfsMedium, type Medium } from './media.ts'
import { parseOptions, select, usage, type Options } from './options.ts'
import { PayloadFactory } from './payload.ts'
import { renderReport } from './report.ts'
import { mergeResults, readResults, writeResults, type Results, type Sample } from './results.ts'
import { runRounds } from './rounds.ts'
import { Seeder } from './seed.ts'
import { sizesAt } from './sizes.ts'

/** `npm run bench`: measures Berth beside Distribution 2.8 and 3, and writes the report. */
async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args)
  const loads = allLoads(sizesAt(options.scale))
  if (options.help) return say(usage)
  if (options.list) return say(loads.map(({ id, title }) => `${id.padEnd(26)}${title}\n`).join(''))
  const before = readResults(options.results)
  if (!options.reportOnly) {
    const now = await measureAll(options, args)
    writeResults(options.results, options.merge ? mergeResults(before, now) : now)
  }
  const results = readResults(options.results)
  if (results === undefined) throw new Error(`no figures in ${options.results}`)
  writeFileSync(options.out, renderReport(results, allLoads(sizesAt(results.scale))))
  say(`wrote ${relative(process.cwd(), options.out)}\n`)
}

async function measureAll(options: Options, args: readonly string[]): Promise<Results> {
  const start = performance.now()
  const machine = describeMachine()
  const sizes = sizesAt(options.scale)
  const payloads = new PayloadFactory()
  const all = allLoads(sizes)
  const ids = new Set(
    select(
      options.only,
      all.map(({ id }) => id),
    ),
  )
  const loads = all.filter(({ id }) => ids.has(id))
  const notes: string[] = []
  const contenders = availableContenders(options, notes)
  if (contenders.length === 0) throw new Error(`nothing to measure: ${notes.join('; ')}`)

  const folder = options.dir === undefined ? temporaryFolder() : undefined
  const base = folder?.path ?? options.dir ?? ''
  mkdirSync(base, { recursive: true })
  const media: Medium[] = [diskMedium(join(base, 'disk'))]
  if (options.tmpfs && process.getuid?.() === 0) media.push(tmpfsMedium(base, options.tmpfsMebibytes))
  else notes.push('Not on tmpfs.')

  const seeder = new Seeder(payloads, sizes)
  for (const medium of media) {
    const stores = new Set(loads.map(({ store }) => store))
    progress(`seeding ${medium.name}`)
    if (stores.has('content')) seeder.writeContent(join(medium.folder, 'content'))
    if (stores.has('catalog')) seeder.writeCatalog(join(medium.folder, 'catalog'))
    medium.settle()
  }
  const samples: Sample[] = []
  await runRounds({
    rounds: options.rounds,
    media,
    contenders,
    loads,
    surroundings: { sizes, seed: seeder.seed, payloads, seconds: options.seconds },
    takesPart: () => true,
    record: (sample) => samples.push(sample),
    progress,
  })
  for (const medium of media) medium.remove()
  await folder?.remove()
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    machine,
    scale: options.scale,
    rounds: options.rounds,
    seconds: options.seconds,
    minutes: (performance.now() - start) / 60_000,
    contenders: contenders.map(({ id, title, version }) => ({ id, title, version })),
    notes,
    samples,
  }
}

function availableContenders(options: Options, notes: string[]): Contender[] {
  const found: Contender[] = []
  for (const id of select(options.servers, Object.keys(candidates) as ContenderId[])) {
    const candidate = candidates[id]()
    if (typeof candidate === 'string') notes.push(`Without ${id}: ${candidate}.`)
    else found.push(candidate)
  }
  return found
}

function say(text: string): void {
  process.stdout.write(text)
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

await main(process.argv.slice(2))
