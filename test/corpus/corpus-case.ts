import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../support/require-program.ts'
import { logins, type Login } from './logins.ts'

/**
 * One configuration of the corpus, a file of `cases/` each:
 *
 * - `NAME.config`, a configuration file in YAML, and beside it, if the case has variables, `NAME.env`;
 * - or `NAME.env` alone, in the form of Docker's `--env-file`, with a line `# file: OTHER` that says whose file they override.
 *
 * The first line of a case, a comment, says what it stands for. The comments right below it may say more: see `directives`.
 * What differs from machine to machine stands as `@PORT@`, `@ROOT@` …: see `Places`.
 */
export interface CorpusCase {
  readonly name: string
  readonly title: string
  /** The configuration file, with its places not yet filled in. */
  readonly config: string
  readonly env: Readonly<Record<string, string>>
  /** Which of Distribution's generations it is for. */
  readonly peers: readonly Peer[]
  readonly over: Over
  /** `http.prefix` without the slash at its end; empty when there is none. */
  readonly prefix: string
  /** The path of the metrics, if the case has a debug listener. */
  readonly metrics: string | undefined
  /** Clients must bring a certificate. */
  readonly asksForCertificate: boolean
  /** The registry asks who somebody is, and the probes say it. */
  readonly login: Login | undefined
  /** The probes begin when the health checks have failed. */
  readonly isUnhealthy: boolean
}

export type Peer = 'distribution2' | 'distribution3'

/** How the registry is reached. `connection`: only whether it listens is looked at. */
export type Over = 'http' | 'tls' | 'unix' | 'ipv6' | 'connection'

/** What is filled in for `@PORT@`, `@DEBUG@` and so on. */
export interface Places {
  readonly PORT: string
  /** A second port. */
  readonly DEBUG: string
  /** Where the registry stores. */
  readonly ROOT: string
  /** A folder with certificates. */
  readonly CERTS: string
  /** A folder of the case's own. */
  readonly FOLDER: string
  /** A port of loopback where a web server says 200. */
  readonly OPEN: string
  /** A port of loopback where nobody listens. */
  readonly CLOSED: string
  /** An S3 server on loopback, its keys, and a bucket of the case's own that holds what the store does. */
  readonly STORE: string
  readonly KEY: string
  readonly SECRET: string
  readonly BUCKET: string
}

/** Those that all cases share, and where the buckets lie. */
export type SharedPlaces = Pick<Places, 'CERTS' | 'OPEN' | 'CLOSED' | 'STORE' | 'KEY' | 'SECRET'> & {
  readonly buckets: string
}

const folder = join(repositoryRoot, 'test', 'corpus', 'cases')

const generations: Readonly<Record<string, Peer>> = { '2': 'distribution2', '3': 'distribution3' }

/** `# key: value` below the title. */
const directives = [
  /** The case whose file is used. */
  'file',
  /** The generations of Distribution: `2`, `3`, or both. Default: 2. */
  'with',
  /** How it is reached. Default: http. */
  'over',
  'prefix',
  'metrics',
  /** What the registry asks of its clients: `certificate`. */
  'asks',
  /** How the probes log in: see `logins.ts`. */
  'login',
  /** The state to wait for before the probes: `unhealthy`. */
  'until',
] as const

type Directive = (typeof directives)[number]

/** Reads all cases, by name. */
export function readCorpus(): readonly CorpusCase[] {
  const files = readdirSync(folder)
  const names = new Set(files.map((file) => file.replace(/\.(?:config|env)$/, '')))
  return [...names].toSorted().map((name) => readCase(name, new Set(files)))
}

function readCase(name: string, files: ReadonlySet<string>): CorpusCase {
  const variables = files.has(`${name}.env`) ? read(`${name}.env`) : ''
  const own = files.has(`${name}.config`) ? read(`${name}.config`) : undefined
  const { title, said } = readHead(name, own ?? variables)
  const config = own ?? read(`${said.get('file') ?? fail(name, 'has no file')}.config`)
  return {
    name,
    title,
    config,
    env: readVariables(name, variables),
    peers: (said.get('with') ?? '2')
      .split(' ')
      .map((word) => generations[word] ?? fail(name, `with ${word}`)),
    over: oneOf(name, said.get('over') ?? 'http', ['http', 'tls', 'unix', 'ipv6', 'connection']),
    prefix: said.get('prefix') ?? '',
    metrics: said.get('metrics'),
    asksForCertificate:
      oneOf(name, said.get('asks') ?? 'nothing', ['nothing', 'certificate']) === 'certificate',
    login: said.has('login') ? oneOf(name, said.get('login') ?? '', logins) : undefined,
    isUnhealthy: oneOf(name, said.get('until') ?? 'healthy', ['healthy', 'unhealthy']) === 'unhealthy',
  }
}

/** The comments that a file begins with. */
function readHead(
  name: string,
  text: string,
): { readonly title: string; readonly said: ReadonlyMap<Directive, string> } {
  const lines = text.split(/\r?\n/)
  const end = lines.findIndex((line) => !/^\uFEFF?# /.test(line))
  const [title = fail(name, 'has no title'), ...rest] = lines
    .slice(0, end)
    .map((line) => line.replace(/^\uFEFF?# /, ''))
  const said = new Map<Directive, string>()
  for (const line of rest) {
    const [, key = '', value = ''] = /^([a-z]+): (.*)$/.exec(line) ?? []
    const directive = directives.find((each) => each === key) ?? fail(name, `says ${JSON.stringify(line)}`)
    said.set(directive, value)
  }
  return { title, said }
}

function readVariables(name: string, text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.indexOf('=')
      return end > 0 ? [line.slice(0, end), line.slice(end + 1)] : fail(name, `has the variable ${line}`)
    }),
  )
}

/** Puts values in the place of `@PORT@` and the like. */
export function fillIn(template: string, places: Places): string {
  return template.replaceAll(/@([A-Z]+)@/g, (whole, key: string) =>
    Object.hasOwn(places, key) ? places[key as keyof Places] : whole,
  )
}

/** The inverse: text of a registry, with the names of places instead of what they were filled with. */
export function maskPlaces(text: string, places: Places): string {
  let masked = text
  for (const name of ['CERTS', 'ROOT', 'FOLDER', 'BUCKET', 'SECRET'] as const)
    masked = masked.replaceAll(places[name], `@${name}@`)
  for (const name of ['PORT', 'DEBUG', 'OPEN', 'CLOSED', 'STORE'] as const) {
    masked = masked.replaceAll(new RegExp(`\\b${places[name]}\\b`, 'g'), `@${name}@`)
  }
  return masked
}

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8')
}

function oneOf<Word extends string>(name: string, word: string, words: readonly Word[]): Word {
  return words.find((each) => each === word) ?? fail(name, `says ${word}, not ${words.join(', ')}`)
}

function fail(name: string, what: string): never {
  throw new Error(`test/corpus/cases/${name} ${what}`)
}
