import { isDeepStrictEqual } from 'node:util'

/** Requests, answers, and whether an answer is the expected one. */

export interface ModelRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly chunked?: boolean
}

export interface ModelAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface Expected {
  readonly status: number
  /** Codes and details of the errors; details are compared where they are given, in any order. */
  readonly errors?: readonly { readonly code: string; readonly detail?: unknown }[]
  /** Undefined: must be absent. `Location` without the registry's URL. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>
  /** Bytes as they are; anything else as JSON. A HEAD has their length and not the bytes. */
  readonly body?: unknown
  /** What the answer changes. */
  readonly effect?: (answer: ModelAnswer) => void
}

/** Why an answer is not the expected one; undefined when it is. */
export function difference(
  request: ModelRequest,
  answer: ModelAnswer,
  expected: Expected,
): string | undefined {
  const { status, headers, body } = answer
  if (status !== expected.status) return `status ${status}, not ${expected.status}`
  if (headers['docker-distribution-api-version'] !== 'registry/2.0')
    return 'no Docker-Distribution-Api-Version'
  for (const [header, value] of Object.entries(expected.headers ?? {})) {
    const actual = headers[header]
    const same = value instanceof RegExp ? value.test(String(actual)) : actual === value
    if (!same) return `${header}: ${String(actual)}, not ${String(value)}`
  }
  const isHead = request.method === 'HEAD'
  if (isHead && body.length > 0) return 'a body in the answer to HEAD'
  const length = headers['content-length']
  if (!isHead && status !== 204 && status !== 304 && Number(length) !== body.length)
    return `content-length ${String(length)}, but ${body.length} bytes`
  if (expected.errors !== undefined) return isHead ? undefined : errorDifference(answer, expected.errors)
  return bodyDifference(isHead, answer, expected.body)
}

function bodyDifference(isHead: boolean, answer: ModelAnswer, expected: unknown): string | undefined {
  const { body, headers } = answer
  const value: unknown = typeof expected === 'function' ? expected(answer) : expected
  if (value === undefined) return undefined
  if (value instanceof Uint8Array) {
    if (isHead)
      return Number(headers['content-length']) === value.length ? undefined : 'content-length of HEAD'
    return body.equals(value) ? undefined : `body of ${body.length} bytes, not the ${value.length} expected`
  }
  const json: unknown = JSON.parse(body.toString())
  return isDeepStrictEqual(json, value) ? undefined : `${body.toString()}not ${JSON.stringify(value)}`
}

function errorDifference(
  { body, headers }: ModelAnswer,
  expected: NonNullable<Expected['errors']>,
): string | undefined {
  if (headers['content-type'] !== 'application/json') return `errors as ${String(headers['content-type'])}`
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string; detail?: unknown }[] }
  const rest = [...errors]
  for (const { code, detail } of expected) {
    const at = rest.findIndex(
      (error) => error.code === code && (detail === undefined || isDeepStrictEqual(error.detail, detail)),
    )
    if (at < 0) return `no ${code} ${JSON.stringify(detail)} in ${body.toString()}`
    rest.splice(at, 1)
  }
  return rest.length === 0 ? undefined : `more errors than expected: ${body.toString()}`
}
