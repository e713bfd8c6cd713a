/** What an authority says went wrong (RFC 8555, 6.7; RFC 9457). */
export class AcmeProblem extends Error {
  /** Such as `urn:ietf:params:acme:error:rateLimited`; undefined when the answer names none. */
  readonly type: string | undefined
  /** Milliseconds since 1970, before which it is of no use to try again. */
  readonly retryAt: number | undefined

  constructor(type: string | undefined, detail: string, retryAt?: number) {
    super(detail)
    this.name = 'AcmeProblem'
    this.type = type
    this.retryAt = retryAt
  }

  /** @param kind the last part of the type, such as `accountDoesNotExist` */
  is(kind: string): boolean {
    return this.type === `urn:ietf:params:acme:error:${kind}`
  }
}

/** Characters of what an authority says that go on. */
const longestDetail = 1000

/**
 * @param document the problem document, if it is one: the body of an answer, or the `error` of a challenge or an order
 * @param otherwise what to say when it says nothing
 */
export function toProblem(document: unknown, otherwise: string, retryAt?: number): AcmeProblem {
  const { type, detail, subproblems } = (
    typeof document === 'object' && document !== null ? document : {}
  ) as Record<string, unknown>
  const first = Array.isArray(subproblems) ? (subproblems[0] as { readonly detail?: unknown } | null) : null
  const texts = [detail, first?.detail].filter((text) => typeof text === 'string' && text !== '')
  const message = texts.length > 0 ? texts.join(': ') : otherwise
  return new AcmeProblem(
    typeof type === 'string' ? type : undefined,
    message.slice(0, longestDetail),
    retryAt,
  )
}

/**
 * Reads a `Retry-After` header, seconds or a date (RFC 9110, 10.2.3).
 *
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970
 */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d{1,9}$/.test(value)) return now + Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : date
}
