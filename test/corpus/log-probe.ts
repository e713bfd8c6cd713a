import type { Observation } from './observation.ts'
import type { ServerEnd } from './server-process.ts'

/** Host, identity, user, time, request, status, bytes: what Apache calls combined. */
const accessLine = /^\S+ - \S+ \[[^\]]+\] "[A-Z]+ [^"]+" \d{3} \d+ "[^"]*" "[^"]*"$/

/** What lines have anyway, what tells one process from another, and what is told of logins. */
const ordinary: ReadonlySet<string> = new Set(
  'time level msg message version file func @timestamp @version client reason user'.split(' '),
)

/** The form of what a registry logged, not its words. */
export function observeLogs({ stdout, stderr }: ServerEnd): Observation {
  const lines = stderr.split('\n').filter((line) => line !== '')
  const access = stdout.split('\n').filter((line) => line !== '')
  return new Map([
    [
      'log',
      {
        status: lines.length === 0 ? 'silent' : [...new Set(lines.map(formOf))].join(' and '),
        fields: configuredFields(lines.map(fieldsOf)),
        caller: lines.every((line) => fieldsOf(line).has('func')) ? 'yes' : 'no',
        info: lines.some((line) => fieldsOf(line).get('level') === 'info') ? 'yes' : 'no',
      },
    ],
    [
      'access log',
      { lines: access.length === 0 ? 'none' : access.every(isAccessLine) ? 'combined' : 'other' },
    ],
  ])
}

/** What Berth says about a configuration that it takes, without the folder of the file. */
export function configurationWarnings({ stderr }: ServerEnd): readonly string[] {
  return stderr
    .split('\n')
    .map((line) => fieldsOf(line).get('warning')?.replaceAll('@FOLDER@/', ''))
    .filter((warning) => warning !== undefined)
}

type Fields = ReadonlyMap<string, string>

/**
 * What stands in several lines that are about no request, with the same value wherever it stands. (Distribution 2 forgets the
 * configured fields in lines about requests.)
 */
function configuredFields(lines: readonly Fields[]): string {
  const counts = new Map<string, number>()
  for (const fields of lines) {
    if (fields.has('http.request.id')) continue
    for (const [name, value] of fields)
      counts.set(`${name}=${value}`, (counts.get(`${name}=${value}`) ?? 0) + 1)
  }
  const repeated = [...counts].filter(([, count]) => count > 1).map(([pair]) => pair)
  return repeated.filter(isConfigured).toSorted().join(' ')
}

function isConfigured(pair: string): boolean {
  const [name = ''] = pair.split('=')
  return !ordinary.has(name) && !name.includes('.')
}

function isAccessLine(line: string): boolean {
  return accessLine.test(line)
}

function formOf(line: string): string {
  if (line.startsWith('time=')) return 'text'
  if (!line.startsWith('{')) return 'other'
  return line.includes('"@timestamp"') ? 'logstash' : 'json'
}

function fieldsOf(line: string): Fields {
  if (line.startsWith('{')) {
    const value = JSON.parse(line) as Readonly<Record<string, unknown>>
    return new Map(Object.entries(value).map(([name, each]) => [name, String(each)]))
  }
  const pairs = line.matchAll(/([\w.@-]+)=("(?:[^"\\]|\\.)*"|\S*)/g)
  return new Map([...pairs].map(([, name = '', value = '']) => [name, unquoted(value)]))
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
}
