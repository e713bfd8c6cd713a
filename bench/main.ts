import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { repositoryRoot } from '../test/support/require-program.ts'
import { run } from '../test/support/run.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { makeAuthFiles } from './auth-files.ts'
import { contenders as candidates, type Contender, type ContenderId } from './contenders.ts'
import { allLoads } from './loads/all.ts'
import { storeFolder, type Load } from './load.ts'
import { describeMachine } from './machine.ts'
import { diskMedium, tmpfsMedium, type Medium } from './media.ts'
import { s3Medium } from './s3-medium.ts'
import { parseOptions, select, usage, type Options } from './options.ts'
import { PayloadFactory } from './payload.ts'
import { renderReport } from './report.ts'
import { mergeResults, readResults, writeResults, type Results, type Sample } from './results.ts'
import { runRounds } from './rounds.ts'
import { Seeder } from './seed.ts'
import { objectStoreSizesAt, sizesAt, type Sizes } from './sizes.ts'
import { makeTlsFiles } from './tls-files.ts'

/** `npm run bench`: measures Berth beside Distribution 2.8 and 3, and writes the report. */
async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args)
  if (options.help) return say(usage)
  if (options.list) return say(listOf(allLoads(sizesOf(options))))
  const before = readResults(options.results)
  if (!options.reportOnly) {
    await measureAll(options, commandLine(args), (now) => {
      writeResults(options.results, options.merge ? mergeResults(before, now) : now)
    })
  }
  const results = readResults(options.results)
  if (results === undefined) throw new Error(`no figures in ${options.results}`)
  writeFileSync(
    options.out,
    renderReport(results, allLoads(sizesOf({ s3: options.s3, scale: results.scale }))),
  )
  await run(join(repositoryRoot, 'node_modules', '.bin', 'oxfmt'), [options.out], { mayFail: true })
  say(`wrote ${relative(process.cwd(), options.out)}\n`)
}

/** Measures, and hands over what there is after each round. */
async function measureAll(
  options: Options,
  command: string,
  save: (results: Results) => void,
): Promise<void> {
  const start = performance.now()
  const machine = describeMachine()
  const sizes = sizesOf(options)
  const payloads = new PayloadFactory()
  const loads = chosenLoads(options, allLoads(sizes))
  const notes: string[] = []
  const contenders = availableContenders(options, notes)

  if (options.dir !== undefined) {
    mkdirSync(options.dir, { recursive: true })
    process.env['TMPDIR'] = options.dir
  }
  const folder = temporaryFolder()
  const media = await openMedia(options, folder.path, notes)
  const seeder = new Seeder(payloads, sizes)
  for (const medium of media) {
    for (const part of new Set(loads.map(({ store }) => store))) {
      if (part === 'own' || part === 'empty') continue
      progress(`${medium.name}: seeding ${part}`)
      await medium.fill(storeFolder(part), (root) => seeder.write(part, root))
    }
    medium.settle()
  }
  const samples: Sample[] = []
  await runRounds({
    rounds: options.rounds,
    media,
    contenders,
    loads,
    surroundings: {
      sizes,
      seed: seeder.seed,
      payloads,
      seconds: options.seconds,
      tls: await makeTlsFiles(folder.path),
      auth: await makeAuthFiles(folder.path, seeder.seed),
    },
    record: (sample) => samples.push(sample),
    afterRound: (round) => {
      save({
        date: new Date().toISOString().slice(0, 10),
        command,
        machine,
        scale: options.scale,
        rounds: round,
        seconds: options.seconds,
        minutes: (performance.now() - start) / 60_000,
        contenders: contenders.map(({ id, title, version }) => ({ id, title, version })),
        notes,
        samples,
      })
    },
    progress,
  })
  for (const medium of media) await medium.remove()
  await folder.remove()
}

function chosenLoads(options: Options, all: readonly Load[]): readonly Load[] {
  const names = all.map(({ id }) => id)
  const chosen = new Set(select(options.only, names))
  return all.filter(({ id }) => chosen.has(id))
}

/** Behind a network small requests take milliseconds, and to write a hundred thousand objects takes minutes. */
function sizesOf({ s3, scale }: Pick<Options, 's3' | 'scale'>): Sizes {
  return s3 ? objectStoreSizesAt(scale) : sizesAt(scale)
}

async function openMedia(options: Options, folder: string, notes: string[]): Promise<Medium[]> {
  if (options.s3) return [await s3Medium(join(folder, 's3'))]
  const disk = diskMedium(join(folder, 'disk'))
  if (options.tmpfs && process.getuid?.() === 0) return [disk, tmpfsMedium(folder, options.tmpfsMebibytes)]
  notes.push('Not on tmpfs.')
  return [disk]
}

function availableContenders(options: Options, notes: string[]): Contender[] {
  const found: Contender[] = []
  for (const id of select(options.servers, Object.keys(candidates) as ContenderId[])) {
    const candidate = candidates[id]()
    if (typeof candidate === 'string') notes.push(`Without ${id}: ${candidate}.`)
    else found.push(candidate)
  }
  if (found.length === 0) throw new Error(`nothing to measure: ${notes.join(' ')}`)
  if (options.rounds > 1)
    for (const { title } of found.filter(({ spared }) => spared === true))
      notes.push(`${title}: in every second round.`)
  return found
}

/** How the bench was called, without the folders and files of this machine. */
function commandLine(args: readonly string[]): string {
  const places = ['--dir', '--out', '--results']
  const told = args.filter((arg, index) => !places.includes(arg) && !places.includes(args[index - 1] ?? ''))
  return ['npm run bench', ...(told.length > 0 ? ['--', ...told] : [])].join(' ')
}

function listOf(loads: readonly Load[]): string {
  return loads.map(({ id, title }) => `${id.padEnd(26)}${title}\n`).join('')
}

function say(text: string): void {
  process.stdout.write(text)
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

await main(process.argv.slice(2))
