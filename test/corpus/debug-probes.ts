import { http } from '../support/http.ts'
import type { Observation, Seen } from './observation.ts'
import type { Target } from './target.ts'

/** What the debug listener says. Of variables and metrics only the names count, and Berth may have more of them. */
export async function probeDebug(target: Target, metrics: string): Promise<Observation> {
  const seen = new Map<string, Seen>()
  const url = `http://127.0.0.1:${target.debugPort}`
  for (const [method, path] of [
    ['GET', '/debug/health'],
    ['POST', '/debug/health'],
    ['GET', '/debug/health/down'],
    ['GET', '/v2/'],
  ] as const) {
    const { status, headers, body } = await http(method, url + path)
    const text = status === 200 || status === 503 ? body.toString().trim() : ''
    seen.set(`debug: ${method} ${path}`, {
      status: String(status),
      'content-type': String(headers['content-type']),
      body: target.mask(text),
    })
  }
  const variables = await http('GET', `${url}/debug/vars`)
  const names = variables.status === 200 ? Object.keys(variables.json() as object) : []
  seen.set('debug: GET /debug/vars', { status: String(variables.status), ...having(names) })

  const exported = await http('GET', url + metrics)
  const families = exported.status === 200 ? familiesOf(exported.body.toString()) : []
  seen.set('debug: GET metrics', { status: String(exported.status), ...having(families) })
  return seen
}

/** Fields of which Berth may have more: see `compare.ts`. */
function having(names: readonly string[]): Seen {
  return Object.fromEntries(names.map((name) => [`has ${name}`, 'yes']))
}

/** Of the registry and the process; those of Go are Go's. */
function familiesOf(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE ((?:registry|process)_\w+ \w+)$/gm)].map(([, family = '']) => family)
}
