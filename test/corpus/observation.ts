import type { HttpResponse } from '../support/http.ts'

/**
 * What was seen of a registry, in words that can be compared with what was seen of another one: `GET /v2/` -> `status` -> `200`.
 */
export type Observation = ReadonlyMap<string, Seen>

/** By field: `status`, `body`, or the name of a header. */
export type Seen = Readonly<Record<string, string>>

/** Framing, which is between a server and the connection, and the time. */
const passedOver: ReadonlySet<string> = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding'])

/** An answer in such words. */
export function describeAnswer(method: string, answer: HttpResponse, mask: (text: string) => string): Seen {
  const body = describeBody(answer)
  const headers = Object.entries(answer.headers)
    .filter(([name]) => !passedOver.has(name) && !name.startsWith(':'))
    // The length of JSON is a matter of spaces and details.
    .filter(
      ([name]) => name !== 'content-length' || !(body?.isJson ?? (method === 'HEAD' && answer.status >= 400)),
    )
    .map(([name, value]) => {
      const text = mask(String(value))
      return [name, name === 'www-authenticate' ? inOrder(text) : text] as const
    })
  return {
    status: [answer.status, ...(body?.codes ?? [])].join(' '),
    ...Object.fromEntries(headers),
    ...(body && { body: mask(body.text) }),
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

interface Body {
  readonly text: string
  readonly isJson: boolean
  /** Of errors. */
  readonly codes?: readonly string[]
}

interface ErrorBody {
  readonly errors: readonly { readonly code: string; readonly message: string }[]
}

function describeBody({ headers, body }: HttpResponse): Body | undefined {
  if (body.length === 0) return undefined
  const text = body.toString()
  // What is stored comes back byte for byte, whatever it holds.
  if (headers['docker-content-digest'] !== undefined) return { text, isJson: false }
  if (!/json/.test(headers['content-type'] ?? '')) return { text, isJson: false }
  const value: unknown = JSON.parse(text)
  if (!isErrors(value)) return { text: JSON.stringify(value, sortedTags), isJson: true }
  // Not the details: the generations of Distribution write each its own.
  const codes = value.errors.map(({ code }) => code)
  return { text: value.errors.map(({ message }) => message).join('\n'), isJson: true, codes }
}

/** Distribution 2 lists tags in no order. */
function sortedTags(key: string, value: unknown): unknown {
  return key === 'tags' && Array.isArray(value) ? value.map(String).toSorted() : value
}

function isErrors(value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null && 'errors' in value
}
