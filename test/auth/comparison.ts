import { describeAnswer, type Observation, type Seen } from '../corpus/observation.ts'
import { http, type HttpResponse } from '../support/http.ts'
import type { RunningRegistry } from '../support/registry-process.ts'
import type { ComparedRequest } from './comparison-requests.ts'

/** An `Authorization` header and what it stands for; without a value it is not sent. */
export interface Presented {
  readonly name: string
  readonly value?: string
}

/** Asks a registry for everything, with each of the credentials, and puts what it says into words. */
export async function observe(
  registry: RunningRegistry,
  presented: readonly Presented[],
  requests: readonly ComparedRequest[],
): Promise<Observation> {
  const seen = new Map<string, Seen>()
  for (const { name, value } of presented) {
    for (const request of requests) {
      const { method, path, body } = request
      const answer = await http(method, registry.url + path, {
        headers: { ...request.headers, ...(value !== undefined && { Authorization: value }) },
        ...(body !== undefined && { body }),
      })
      seen.set(`${name}: ${request.name}`, describe(registry, method, answer))
    }
  }
  return seen
}

function describe(registry: RunningRegistry, method: string, answer: HttpResponse): Seen {
  const mask = (text: string): string =>
    text
      .replaceAll(registry.host, 'HOST')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
      .replaceAll(/\?_state=[\w%=-]+/g, '')
  return {
    ...describeAnswer(method, answer, mask),
    ...(answer.status === 401 && method !== 'HEAD' && { detail: detailOf(answer) }),
  }
}

/** Of the one error of a refusal. */
function detailOf(answer: HttpResponse): string {
  if (answer.body.length === 0) return 'no body'
  const { errors } = answer.json() as { errors: readonly { readonly detail?: unknown }[] }
  return errors.map(({ detail }) => JSON.stringify(detail) ?? 'none').join(' ')
}
