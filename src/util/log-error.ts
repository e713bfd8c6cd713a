import { inspect } from 'node:util'

const maxCauses = 5

/**
 * What a log line tells of an error, as fields: `err.message`, `err.code`, `err.cause`, and `err.stack` where it
 * helps: when asked for, and for errors that nobody expected, which are bugs.
 *
 * @param error whatever was thrown
 */
export function errorFields(error: unknown, withStack: boolean): Record<string, unknown> {
  if (!(error instanceof Error)) return { 'err.message': inspect(error, { depth: 1, breakLength: Infinity }) }
  const fields: Record<string, unknown> = { 'err.message': messageOf(error) }
  if (codeOf(error) !== undefined) fields['err.code'] = codeOf(error)
  const causes = causesOf(error)
  if (causes.length > 0) fields['err.cause'] = causes.join(': ')
  if (withStack || isUnexpected(error)) fields['err.stack'] = error.stack
  return fields
}

function messageOf(error: Error): string {
  // Failed connections to a name with several addresses: the message is empty, the truth is inside.
  if (error.message === '' && error instanceof AggregateError) {
    return error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner))).join('; ')
  }
  return error.message === '' ? error.name : error.message
}

function codeOf(error: Error): string | number | undefined {
  if (!('code' in error)) return undefined
  return typeof error.code === 'string' || typeof error.code === 'number' ? error.code : undefined
}

function causesOf(error: Error): readonly string[] {
  const causes: string[] = []
  let { cause } = error
  while (cause instanceof Error && causes.length < maxCauses) {
    causes.push(messageOf(cause))
    cause = cause.cause
  }
  if (typeof cause === 'string') causes.push(cause)
  return causes
}

/** Errors made on purpose have a code: ours, and those of the system. Node's coded type errors are bugs all the same. */
function isUnexpected(error: Error): boolean {
  return codeOf(error) === undefined || error instanceof TypeError || error instanceof RangeError
}
