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
  const challenge = answer.headers['www-authenticate']
  return {
    ...describeAnswer(method, answer, mask),
    ...(challenge !== undefined && { 'www-authenticate': mask(inOrder(challenge)) }),
    ...(answer.status === 401 && method !== 'HEAD' && { detail: detailOf(answer) }),
  }
}

/** Distribution's scopes come in a random order, of resources and of actions. */
function inOrder(challenge: string): string {
  return challenge.replace(/scope="([^"]*)"/, (_, scope: string) => {
    const resources = scope.split(' ').map((resource) => {
      const colon = resource.lastIndexOf(':') + 1
      const actions = resource.slice(colon).split(',').toSorted()
      return resource.slice(0, colon) + actions.join(',')
    })
    return `scope="${resources.toSorted().join(' ')}"`
  })
}

/** Of the one error of a refusal. */
function detailOf(answer: HttpResponse): string {
  if (answer.body.length === 0) return 'no body'
  const { errors } = answer.json() as { errors: readonly { readonly detail?: unknown }[] }
  return errors.map(({ detail }) => JSON.stringify(detail) ?? 'none').join(' ')
}
